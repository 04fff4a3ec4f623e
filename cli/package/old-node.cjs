#!/usr/bin/env node
'use strict';
// The file that people run. Its syntax is as old as any Node, so that an old one prints this line
// before it fails on syntax or modules that it does not know.
const [major] = process.versions.node.split('.');
if (Number(major) < 20) {
  process.stderr.write(`muster needs Node 20 or newer; this is Node ${process.versions.node}.\n`);
  process.exit(1);
}
require('./muster-chunks/main.cjs');
