/** Says where it is, or ends without a message. */
const [address] = process.argv.slice(2);
if (address === undefined) process.exit(3);
process.send?.({ address });
process.once('disconnect', () => process.exit());
