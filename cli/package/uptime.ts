/** Stands in for the global of this name where only spans of time are measured. */
export const performance = { now: (): number => process.uptime() * 1_000 };
