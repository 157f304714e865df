// One exposure, large, with everything that was measured; arrow keys go to the older and the newer one.
import { type Exposure, type Figure, type Problem, Refusal, retryExposure } from "../api.js";
import { element, fill, icon, required, setText } from "../dom.js";
import { codeLine, note, problemNote } from "../note.js";
import { instantText, limitText } from "../words.js";
import type { RunModel } from "./model.js";
import { measuredNumber } from "./number.js";

export class ExposureDialog {
  private readonly dialog = required<HTMLDialogElement>("exposure-dialog");
  private readonly title = element("h2", { id: "exposure-title", tabindex: "-1" });
  private readonly older = this.stepButton(-1, "Older", icon("arrow-left"));
  private readonly newer = this.stepButton(1, "Newer", icon("arrow-right"));
  private readonly notes = element("div");
  private readonly body = element("div", { class: "exposure-view" });
  private shown: number | null = null;
  /** Why the last try to do something with what is shown was refused. */
  private refusal: Problem | null = null;
  private isRetrying = false;

  constructor(private readonly model: RunModel) {
    const naming = { "aria-label": "Close", title: "Close (Esc)", autofocus: true };
    const word = element("span", { class: "close-word" }, "Close");
    const close = element("button", { type: "button", class: "quiet icon-only", ...naming }, icon("x"), word);
    close.addEventListener("click", () => this.dialog.close());
    const bar = element(
      "header",
      {},
      this.title,
      element("span", { class: "bar-space" }),
      this.older,
      this.newer,
      close,
    );
    this.dialog.append(element("article", {}, bar, this.notes, this.body));
    this.dialog.addEventListener("keydown", (event) => this.step(event));
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.addEventListener("close", () => this.forget());
    this.body.addEventListener("click", (event) => {
      if ((event.target as Element).closest("button.retry")) void this.retry();
    });
  }

  open(id: number): void {
    this.shown = id;
    this.refusal = null;
    this.show();
    if (!this.dialog.open) this.dialog.showModal();
  }

  /** Show the present state of the exposure that is open. */
  show(): void {
    const exposure = this.shown === null ? undefined : this.model.exposure(this.shown);
    if (!exposure) return;
    setText(this.title, exposure.name);
    this.older.disabled = !this.model.neighbour(exposure.id, -1);
    this.newer.disabled = !this.model.neighbour(exposure.id, 1);
    const [largest, ...others] = this.pictures(exposure);
    fill(this.notes, ...(this.refusal ? [problemNote(this.refusal)] : []));
    fill(
      this.body,
      ...(largest ? [largest] : []),
      element("div", { class: "beside" }, this.facts(exposure), ...others),
    );
    this.keepFocus();
  }

  /** The browser tells of the closing late; the next exposure may be open by then. */
  private forget(): void {
    if (!this.dialog.open) this.shown = null;
  }

  /** What had the focus may be gone, or disabled at the newest one; then the title has it. */
  private keepFocus(): void {
    const focused = document.activeElement;
    const isLost = !focused || !this.dialog.contains(focused) || focused.matches(":disabled");
    if (this.dialog.open && isLost) this.title.focus({ preventScroll: true });
  }

  private go(step: number): void {
    const neighbour = this.shown === null ? undefined : this.model.neighbour(this.shown, step);
    if (neighbour) this.open(neighbour.id);
  }

  private step(event: KeyboardEvent): void {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.go(step);
  }

  private stepButton(step: number, label: string, sign: SVGSVGElement): HTMLButtonElement {
    const button = element(
      "button",
      { type: "button", title: step < 0 ? "Older (←)" : "Newer (→)" },
      sign,
      label,
    );
    button.addEventListener("click", () => this.go(step));
    return button;
  }

  private pictures(exposure: Exposure): HTMLElement[] {
    const kinds = this.model.declaration.images.filter((kind) => kind.small_of === null && kind.key in exposure.images);
    return kinds.map((kind) => {
      const picture = element("img", {
        src: exposure.images[kind.key] ?? "",
        alt: `${kind.title} of ${exposure.name}. ${kind.description}`,
      });
      return element("figure", { class: "picture" }, picture, element("figcaption", {}, kind.title));
    });
  }

  private facts(exposure: Exposure): HTMLElement {
    const written = element("p", { class: "aside" }, `Written ${instantText(new Date(exposure.written_at))}`);
    const page = element("a", { href: `/exposures/${exposure.id}` }, "Page of its own");
    const parts: HTMLElement[] = [written];
    if (exposure.problem) parts.push(this.failure(exposure, exposure.problem));
    else if (exposure.state !== "done") parts.push(note("information", "There are no results yet."));
    if (Object.keys(exposure.values).length) parts.push(this.numbers(exposure));
    return element("section", { "aria-label": "Numbers" }, ...parts, element("p", { class: "aside" }, page));
  }

  private failure({ state, attempts }: Exposure, { message, remedy, slug }: Problem): HTMLElement {
    const tried = attempts ? `, tried ${attempts}×` : "";
    const retry = element("button", { type: "button", class: "retry" }, icon("rotate-cw"), "Retry");
    const actions = state === "failed" && this.model.mayRetry ? [retry] : [];
    return note("bad", element("h3", {}, message), element("p", {}, remedy), codeLine(slug, tried), ...actions);
  }

  private numbers(exposure: Exposure): HTMLElement {
    const rows = this.model.declaration.figures.map((figure) =>
      numberRow(figure, exposure.values[figure.key]),
    );
    const names = ["Figure", "Value", "Unit", "Limit"].map((name, place) =>
      element("th", { scope: "col", class: place === 1 ? "numeric" : "" }, name),
    );
    return element(
      "table",
      { class: "numbers" },
      element("thead", {}, element("tr", {}, ...names)),
      element("tbody", {}, ...rows),
    );
  }

  private async retry(): Promise<void> {
    const id = this.shown;
    if (id === null || this.isRetrying) return;
    this.isRetrying = true;
    let refusal: Problem | null = null;
    try {
      this.model.take([await retryExposure(id)]);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusal = error.problem;
    } finally {
      this.isRetrying = false;
    }
    if (this.shown === id) this.refusal = refusal;
    this.show();
  }
}

function numberRow(figure: Figure, value: number | undefined): HTMLElement {
  return element(
    "tr",
    {},
    element("th", { scope: "row", title: figure.description }, figure.title),
    element("td", { class: "numeric" }, measuredNumber(value, figure)),
    element("td", {}, figure.unit),
    element("td", {}, limitText(figure)),
  );
}
