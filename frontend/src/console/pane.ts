// The instrument's screen with all of its states.
//
// Theory of operation: opening -> shown -> lost -> opening ..., with a wait between tries that grows; refused is where
// trying again cannot help, and ends the sequence until the person asks. Each try carries a number; what an earlier
// one still has to say is not heard.
import { type Console, Refusal, type Ticket } from "../api.js";
import { element, fill, icon, required } from "../dom.js";
import { Connection, type Ending } from "./connection.js";
import { waitSeconds } from "./patience.js";
import { installWayOut } from "./way_out.js";

const LOST = "The connection to the instrument's screen was lost.";
const UNREACHED = "The way to the instrument's screen does not answer.";
const REFUSING_CODES = new Set([4401, 4403]);

export class ConsolePane {
  private readonly screen = required("screen");
  private readonly message = required("console-message");
  private readonly badge = required("console-state");
  private readonly hint = required("console-hint");
  private connection: Connection | null = null;
  private ticket: Ticket | null = null;
  private attempt = 0;
  private failures = 0;
  private wasShown = false;
  /** When this very window took control; null while it has none. */
  private controlSince: string | null = null;
  private isOperating = false;
  private waiting: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly instrument: string) {
    installWayOut(this.screen, () => this.leave());
    for (const kind of ["focusin", "focusout"]) this.screen.addEventListener(kind, () => this.showHint());
    addEventListener("pagehide", () => this.connection?.close());
  }

  /** Whether a new connection would get control if it is free. */
  get mayTakeControl(): boolean {
    return this.ticket?.may_operate === true && this.connection !== null;
  }

  /** Connect, or connect afresh. */
  async open(): Promise<void> {
    const attempt = this.begin();
    this.badgeIs("information", icon("plug"), "connecting");
    this.say(element("p", {}, "Connecting to the instrument's screen…"));
    const listener = {
      connected: (ticket: Ticket) => attempt === this.attempt && this.shown(ticket),
      ended: (ending: Ending) => attempt === this.attempt && this.ended(ending),
    };
    try {
      const connection = await Connection.open(this.instrument, this.screen, listener);
      if (attempt === this.attempt) this.connection = connection;
      else connection.close();
    } catch (error) {
      if (attempt === this.attempt) this.failed(error);
    }
  }

  focus(): void {
    this.connection?.focus();
  }

  /** Whether the keys and clicks of this window reach the instrument. */
  get hasControl(): boolean {
    return this.isOperating;
  }

  /**
   * Take in who has control. The same person's newer window takes it from the older one, which learns it by the
   * instant: what was taken before this window's ticket, or after its own taking, is another's.
   */
  noteAttendance(state: Console, username: string): void {
    const since = state.operator?.username === username ? state.operator.since : null;
    if (this.ticket && since && Date.parse(since) >= Date.parse(this.ticket.issued_at))
      this.controlSince ??= since;
    this.isOperating = since !== null && since === this.controlSince;
    if (this.ticket) this.showLevel();
  }

  private begin(): number {
    this.attempt += 1;
    clearInterval(this.waiting);
    this.connection?.close();
    this.connection = null;
    this.ticket = null;
    this.controlSince = null;
    this.isOperating = false;
    this.screen.replaceChildren();
    return this.attempt;
  }

  private shown(ticket: Ticket): void {
    this.failures = 0;
    this.wasShown = true;
    this.ticket = ticket;
    this.message.replaceChildren();
    this.showLevel();
  }

  private showLevel(): void {
    if (this.hasControl) this.badgeIs("good", icon("mouse-pointer-click"), "you operate");
    else this.badgeIs("information", icon("eye"), "you observe");
    this.showHint();
  }

  private showHint(): void {
    const isTyping = this.hasControl && this.screen.contains(document.activeElement);
    if (!this.ticket) this.hint.textContent = "";
    else if (isTyping)
      fill(this.hint, "Keys go to the instrument. ", element("kbd", {}, "Ctrl+Alt+Shift"), " to leave");
    else
      this.hint.textContent = this.hasControl
        ? "Click the screen to type there"
        : "Clicks and keys do nothing here";
  }

  private failed(error: unknown): void {
    if (!(error instanceof Refusal)) throw error;
    if (error.isPassing) this.lost(error.problem.message);
    else this.refused(error.problem.message, error.problem.remedy, error.status === 401);
  }

  private ended(ending: Ending): void {
    if (REFUSING_CODES.has(ending.code)) {
      this.refused(ending.reason || "The gateway closed the console.", "", ending.code === 4401);
    } else this.lost(ending.reason || (this.wasShown ? LOST : UNREACHED));
  }

  private refused(sentence: string, remedy: string, isSignedOut: boolean): void {
    this.begin();
    this.badgeIs("bad", icon("lock"), "closed");
    const next = encodeURIComponent(location.pathname);
    const wayBack = isSignedOut
      ? element("a", { class: "button", href: `/?next=${next}` }, icon("log-in"), "Sign in again")
      : this.againButton("Try again");
    this.say(element("h2", {}, sentence), element("p", {}, remedy), wayBack);
    this.showHint();
  }

  private lost(sentence: string): void {
    this.begin();
    let left = waitSeconds(this.failures++);
    const countdown = element("p");
    const tick = () => {
      countdown.textContent = `Next try in ${left} s.`;
      if (left-- <= 0) void this.open();
    };
    this.badgeIs("attention", icon("unplug"), "not connected");
    this.say(element("h2", {}, sentence), countdown, this.againButton("Connect now"));
    this.showHint();
    tick();
    this.waiting = setInterval(tick, 1000);
  }

  private againButton(label: string): HTMLButtonElement {
    const button = element("button", { type: "button" }, icon("rotate-cw"), label);
    button.addEventListener("click", () => void this.open());
    return button;
  }

  private badgeIs(meaning: string, sign: SVGSVGElement, word: string): void {
    this.badge.className = `badge ${meaning}`;
    fill(this.badge, sign, word);
  }

  private say(...content: Node[]): void {
    this.message.replaceChildren(...content);
  }

  private leave(): void {
    this.connection?.blur();
    required("console-full").focus();
  }
}
