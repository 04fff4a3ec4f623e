/** Of the endpoint and of the command line: both come from one release, as package.json has it. */
export const version = '0.1.0';
