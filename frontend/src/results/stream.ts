// The one event stream of a page.
//
// Theory of operation: the cursor is the number of the last change that the page has taken in. A stream always starts
// behind it, so a break of any length loses nothing. A hidden tab closes its stream (browsers allow six connections to
// one host) and opens it when it is seen again. A broken stream is opened again after a wait that grows.
import { type Exposure, type Problem, Refusal, readSnapshot, type Status } from "../api.js";
import { waitSeconds } from "../console/patience.js";

export interface StreamListener {
  exposures(rows: Exposure[]): void;
  status(status: Status): void;
  /** The stream is dead for now; what is shown grows old. */
  broken(): void;
  /** The server will not tell any more. */
  denied(problem: Problem): void;
}

export class RunStream {
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private isDenied = false;

  constructor(
    private readonly run: number,
    private cursor: number,
    private readonly listener: StreamListener,
  ) {
    document.addEventListener("visibilitychange", () => (document.hidden ? this.pause() : this.open()));
    addEventListener("pagehide", () => this.close());
    addEventListener("online", () => this.open());
    if (!document.hidden) this.open();
  }

  private open(): void {
    this.close();
    if (this.isDenied || document.hidden) return;
    const source = new EventSource(`/api/runs/${this.run}/events?after=${this.cursor}`);
    source.addEventListener("exposures", (event) => this.takeExposures(event));
    source.addEventListener("status", (event) => this.takeStatus(event));
    source.addEventListener("denied", (event) => this.deny(JSON.parse(event.data) as Problem));
    source.addEventListener("error", () => void this.recover());
    this.source = source;
  }

  private takeExposures(event: MessageEvent<string>): void {
    const { exposures } = JSON.parse(event.data) as { exposures: Exposure[] };
    this.cursor = Math.max(this.cursor, Number(event.lastEventId));
    this.listener.exposures(exposures);
  }

  private takeStatus(event: MessageEvent<string>): void {
    this.failures = 0;
    this.listener.status(JSON.parse(event.data) as Status);
  }

  /** An event source does not say why it failed, so the same question is asked in a way that does. */
  private async recover(): Promise<void> {
    this.close();
    this.listener.broken();
    const wait = waitSeconds(this.failures++);
    try {
      await readSnapshot(this.run, Math.max(this.cursor, 1));
    } catch (error) {
      if (error instanceof Refusal && !error.isPassing) return this.deny(error.problem);
    }
    this.close();
    this.timer = setTimeout(() => this.open(), wait * 1000);
  }

  private deny(problem: Problem): void {
    this.isDenied = true;
    this.close();
    this.listener.denied(problem);
  }

  private pause(): void {
    this.close();
    this.listener.broken();
  }

  private close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}
