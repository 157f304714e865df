// Whether what is shown is still true. Old data never looks new: the numbers turn grey when the stream breaks, when no
// news came for a while, or when the run itself has not looked at the camera's folder.
import type { Status } from "../api.js";
import { clockText, secondsText } from "../words.js";

const PATIENCE_MS = 20_000;

export class Freshness {
  private heardAt = Date.now();
  private isBroken = false;
  private status: Status | null = null;
  /** Server's clock minus ours, in milliseconds. */
  private skew = 0;

  heard(status: Status): void {
    this.heardAt = Date.now();
    this.isBroken = false;
    this.status = status;
    this.skew = Date.parse(status.vitals.now) - this.heardAt;
  }

  broken(): void {
    this.isBroken = true;
  }

  /** Whether nothing is heard of the run and the console any more. */
  isSilent(now = Date.now()): boolean {
    return this.isBroken || now - this.heardAt > PATIENCE_MS;
  }

  /** Why the numbers are old, in a sentence; "" while they are true, and where the run says itself why it waits. */
  complaint(now = Date.now()): string {
    if (this.isSilent(now)) {
      const silence = now - this.heardAt;
      return `No news for ${secondsText(silence / 1000)}; the last number is from ${this.lastNumber()}.`;
    }
    const looked = this.status?.run.scanned_at;
    const unseen = looked ? now + this.skew - Date.parse(looked) : 0;
    if (looked && unseen > PATIENCE_MS && !this.status?.run.problem) {
      const since = clockText(new Date(looked));
      return `Nobody has looked at the camera's folder for ${secondsText(unseen / 1000)}, since ${since}.`;
    }
    return "";
  }

  private lastNumber(): string {
    const newest = this.status?.vitals.newest_result_at;
    return clockText(newest ? new Date(newest) : new Date(this.heardAt));
  }
}
