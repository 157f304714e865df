// How long to wait before the next try, in seconds: soon after the first loss, never hammering.

const WAITS = [1, 2, 4, 8, 15, 30];

export const waitSeconds = (failures: number): number => WAITS[Math.min(failures, WAITS.length - 1)] ?? 30;
