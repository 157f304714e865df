// Numbers and times as people read them; the server's templates follow the same rules.
import type { Exposure, Figure } from "./api.js";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** The value with the declared digits and a real minus sign; a dash for no value. */
export function figureText(value: number | undefined, figure: Figure): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  const text = value.toLocaleString("en", {
    minimumFractionDigits: figure.digits,
    maximumFractionDigits: figure.digits,
  });
  return /[1-9]/.test(text) ? text.replace("-", "−") : text.replace("-", "");
}

export function isBeyond(value: number | undefined, figure: Figure): boolean {
  if (value === undefined || figure.threshold === null) return false;
  return figure.bad_side === "above" ? value > figure.threshold : value < figure.threshold;
}

export function limitText(figure: Figure): string {
  if (figure.threshold === null) return "";
  const word = figure.bad_side === "above" ? "at most" : "at least";
  return `${word} ${figureText(figure.threshold, figure)} ${figure.unit}`.trimEnd();
}

const STATE_WORDS: Partial<Record<Exposure["state"], string>> = {
  done: "measured",
  queued: "waiting",
  running: "being measured",
};

/** How far an exposure has come. */
export const stateText = (state: Exposure["state"]): string => STATE_WORDS[state] ?? state;

/** A length of time in the one or two units that matter. */
export function secondsText(seconds: number | null): string {
  if (seconds === null) return "–";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 2 * MINUTE) return `${whole} s`;
  if (whole < 2 * HOUR) return `${Math.floor(whole / MINUTE)} min`;
  if (whole < 2 * DAY) return `${Math.floor(whole / HOUR)} h ${Math.floor((whole % HOUR) / MINUTE)} min`;
  return `${Math.floor(whole / DAY)} days`;
}

/** The clock time in the reader's zone, to the second. */
export const clockText = (instant: Date): string => instant.toLocaleTimeString("en-GB");

/** The name of the reader's zone, for what shows bare clock times. */
export const zoneText = (): string => `times in ${Intl.DateTimeFormat().resolvedOptions().timeZone}`;

/** Date, clock time and zone. */
export function instantText(instant: Date): string {
  const day = `${instant.getFullYear()}-${pad(instant.getMonth() + 1)}-${pad(instant.getDate())}`;
  const zone = instant.toLocaleTimeString("en-GB", { timeZoneName: "short" }).split(" ").slice(1).join(" ");
  return `${day} ${clockText(instant)} ${zone}`;
}

const pad = (number: number): string => String(number).padStart(2, "0");
