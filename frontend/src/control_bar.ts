// Who has control and who watches, in one line; changes are spoken politely.
import type { Console } from "./api.js";
import type { ConsolePane } from "./console/pane.js";
import { element, fill, icon, required, setAttribute } from "./dom.js";

export class ControlBar {
  private readonly bar = required("cockpit-bar");
  private readonly control = required("control");
  private readonly watching = required("watching");
  private readonly button = required<HTMLButtonElement>("take-control");

  constructor(
    private readonly username: string,
    private readonly screen: ConsolePane,
  ) {
    this.button.addEventListener("click", () => this.takeControl());
  }

  show(state: Console): void {
    fill(this.control, ...this.controlWords(state));
    const watchers = watchersBeside(state);
    const names = watchers.join(", ");
    fill(this.watching, icon("eye"), element("span", {}, watchingWords(state, watchers.length)));
    setAttribute(this.watching, "title", names && `Watching: ${names}`);
    this.offer(this.mayTake(state));
  }

  /** Tell old from new: what was said last may not be true any more. */
  showAge(isOld: boolean): void {
    this.bar.classList.toggle("is-stale", isOld);
  }

  /** Say nothing: what was said last is no longer this person's to know. */
  clear(): void {
    for (const words of [this.control, this.watching]) words.replaceChildren();
    this.watching.removeAttribute("title");
    this.offer(false);
  }

  /** Control goes to who comes first, so taking it is coming again. */
  takeControl(): void {
    if (this.button.hidden) return;
    this.button.hidden = true;
    void this.screen.open();
    this.screen.focus();
  }

  /** Offer control or not; the focus goes to the line that says why rather than vanish with the button. */
  private offer(isToBeHad: boolean): void {
    const hadFocus = document.activeElement === this.button;
    this.button.hidden = !isToBeHad;
    if (hadFocus && !isToBeHad) this.control.focus();
  }

  /** Control is to be had where nobody has it, or one's own other window. */
  private mayTake({ operator }: Console): boolean {
    const isOtherWindow = operator?.username === this.username && !this.screen.hasControl;
    return this.screen.mayTakeControl && (operator === null || isOtherWindow);
  }

  private controlWords(state: Console): Node[] {
    if (!state.operator) return [icon("circle-dashed"), element("span", {}, "Nobody has control")];
    const isMe = state.operator.username === this.username;
    const who = element("strong", {}, isMe ? "You" : state.operator.name);
    const where = isMe && !this.screen.hasControl ? " in another window" : "";
    return [
      icon("mouse-pointer-click"),
      element("span", {}, who, isMe ? " have control" : " has control", where),
    ];
  }
}

/** The names of the people who see the screen, beside the one who has control; each once, however many windows. */
function watchersBeside({ operator, observers }: Console): string[] {
  const others = observers.filter(({ username }) => username !== operator?.username);
  return [...new Map(others.map(({ username, name }) => [username, name])).values()];
}

function watchingWords({ operator }: Console, count: number): string {
  if (count) return `${count} watching`;
  return operator ? "nobody else watching" : "nobody watching";
}
