// Runs before anything that an old Node cannot even parse. On Linux, `npm ci` brings Node 24 along.
const [major = '0'] = process.versions.node.split('.');
if (Number(major) < 24) {
  process.stderr.write(
    `muster runs on Node 24 or newer; this is Node ${process.versions.node}. Install it (.nvmrc names it), then run npm ci again.\n`,
  );
  process.exit(1);
}
// Read when the functions are loaded. One line for each sign-in would stand between the tables.
process.env.POWERTOOLS_LOG_LEVEL ??= 'WARN';
