// The instrument's screen with all of its states.
//
// Theory of operation: opening -> shown -> lost -> opening ..., with a wait between tries that grows; refused is where
// trying again cannot help, and ends the sequence until the person asks. Each try carries a number; what an earlier
// one still has to say is not heard.
import { type Console, type Problem, Refusal, type Ticket, type Viewer } from "../api.js";
import { element, fill, icon, required, setText } from "../dom.js";
import { codeLine } from "../note.js";
import { Connection, type Ending } from "./connection.js";
import { waitSeconds } from "./patience.js";
import { installWayOut } from "./way_out.js";

const LOST = "The connection to the instrument's screen was lost.";
const UNREACHED = "The way to the instrument's screen does not answer.";
const SIGNED_OUT = 4401;
const REVOKED = 4403;

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
  /** When this very window took its place at the console; null until that is known. */
  private placeSince: string | null = null;
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

  /** Go to the screen, and on to the instrument's picture once that is there. */
  focus(): void {
    if (this.ticket) this.connection?.focus();
    else this.screen.focus({ preventScroll: true });
  }

  /** Whether the keys and clicks of this window reach the instrument. */
  get hasControl(): boolean {
    return this.isOperating;
  }

  /**
   * Take in who has control. A place gets control when it is taken or never, and the same person's newer window takes
   * it away: so the keyboard is let go as soon as this window's own place is seen without control. Before that, news
   * may be older than the place, and no click may be lost.
   */
  notePresence(state: Console, username: string): void {
    if (!this.ticket) return;
    this.placeSince ??= ownPlace(state, username, this.ticket);
    const { operator } = state;
    const isKnown = this.placeSince !== null;
    this.isOperating = isKnown && operator?.username === username && operator.since === this.placeSince;
    if (isKnown && this.connection) this.connection.isObserving = !this.isOperating;
    this.showLevel();
  }

  private begin(): number {
    this.attempt += 1;
    clearInterval(this.waiting);
    if (this.screen.contains(document.activeElement)) this.screen.focus({ preventScroll: true });
    this.connection?.close();
    this.connection = null;
    this.ticket = null;
    this.placeSince = null;
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
    if (document.activeElement === this.screen) this.focus();
  }

  private showLevel(): void {
    if (this.hasControl) this.badgeIs("good", icon("mouse-pointer-click"), "you operate");
    else this.badgeIs("information", icon("eye"), "you observe");
    this.showHint();
  }

  private showHint(): void {
    fill(this.hint, ...(this.ticket ? this.hintWords() : []));
  }

  private hintWords(): (Node | string)[] {
    const isInside = this.screen.contains(document.activeElement);
    const key = (name: string) => element("kbd", {}, name);
    if (this.hasControl && isInside) return ["Keys go to the instrument. ", key("Ctrl+Alt+Shift"), " to leave"];
    if (this.hasControl) return ["Click the screen to type there"];
    const nothing = "Clicks and keys do nothing here";
    return isInside ? [`${nothing}. `, key("Tab"), " to leave"] : [nothing];
  }

  private failed(error: unknown): void {
    if (!(error instanceof Refusal)) throw error;
    if (error.isPassing) this.lost(error.problem);
    else this.refused(error.problem, error.status === 401);
  }

  private ended({ code, reason }: Ending): void {
    const problem = { slug: `console-${code}`, message: reason, remedy: "" };
    if (code === SIGNED_OUT || code === REVOKED)
      this.refused({ ...problem, message: reason || "The gateway closed the console." }, code === SIGNED_OUT);
    else this.lost({ ...problem, message: reason || (this.wasShown ? LOST : UNREACHED) });
  }

  private refused({ message, remedy, slug }: Problem, isSignedOut: boolean): void {
    this.begin();
    this.badgeIs("bad", icon("lock"), "closed");
    const next = encodeURIComponent(location.pathname);
    const wayBack = isSignedOut
      ? element("a", { class: "button", href: `/?next=${next}` }, icon("log-in"), "Sign in again")
      : this.againButton("Try again");
    this.say(element("h2", {}, message), element("p", {}, remedy), codeLine(slug), wayBack);
    this.showHint();
  }

  private lost({ message, slug }: Problem): void {
    this.begin();
    let left = waitSeconds(this.failures++);
    const countdown = element("p", { "aria-live": "off" });
    const tick = () => {
      setText(countdown, `Next try in ${left} s.`);
      if (left-- <= 0) void this.open();
    };
    this.badgeIs("attention", icon("unplug"), "not connected");
    this.say(element("h2", {}, message), countdown, codeLine(slug), this.againButton("Connect now"));
    this.showHint();
    tick();
    this.waiting = setInterval(tick, 1000);
  }

  private againButton(label: string): HTMLButtonElement {
    const button = element("button", { type: "button" }, icon("rotate-cw"), label);
    button.addEventListener("click", () => {
      void this.open();
      this.focus();
    });
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

/** When this window took its place: the first of the person's places that is not older than the window's ticket. */
function ownPlace({ operator, observers }: Console, username: string, ticket: Ticket): string | null {
  const instant = ({ since }: Viewer) => Date.parse(since);
  const places = [...(operator ? [operator] : []), ...observers]
    .filter((place) => place.username === username && instant(place) >= Date.parse(ticket.issued_at))
    .sort((one, other) => instant(one) - instant(other));
  return places[0]?.since ?? null;
}
