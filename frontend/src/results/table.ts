// The numbers behind the plots, for whoever reads better than looks.
import type { Exposure } from "../api.js";
import { element, fill } from "../dom.js";
import { clockText, stateText } from "../words.js";
import type { RunModel } from "./model.js";
import { measuredNumber } from "./number.js";

const SHOWN = 50;

export class NumberTable {
  readonly root = element("details", { class: "number-table" });
  private readonly body = element("tbody");

  constructor(
    private readonly model: RunModel,
    private readonly open: (id: number) => void,
  ) {
    const { exposures } = model.declaration;
    const frame = element("div", {
      class: "table-frame",
      role: "region",
      tabindex: "0",
      "aria-label": `Numbers of the newest ${exposures}`,
    });
    frame.append(element("table", {}, this.head(), this.body));
    this.root.append(element("summary", {}, `Numbers of the newest ${exposures}`), frame);
    this.root.addEventListener("toggle", () => this.show());
    frame.addEventListener("pointerleave", () => this.show());
    this.body.addEventListener("click", (event) => this.openLink(event));
  }

  show(): void {
    if (!this.root.open || this.body.matches(":hover, :focus-within")) return;
    fill(
      this.body,
      ...this.model.exposures
        .slice(-SHOWN)
        .reverse()
        .map((exposure) => this.row(exposure)),
    );
  }

  /** Open large what is linked, unless the person wants it in a window of its own. */
  private openLink(event: MouseEvent): void {
    const link = (event.target as Element).closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.open(Number(link.dataset["exposure"]));
  }

  private head(): HTMLElement {
    const { exposure } = this.model.declaration;
    const figures = this.model.vitalFigures.map((figure) =>
      element(
        "th",
        { scope: "col", class: "numeric" },
        figure.unit ? `${figure.title} (${figure.unit})` : figure.title,
      ),
    );
    return element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("th", { scope: "col", class: "name" }, exposure),
        element("th", { scope: "col" }, "State"),
        ...figures,
        element("th", { scope: "col" }, "Written"),
      ),
    );
  }

  private row(exposure: Exposure): HTMLElement {
    const link = element(
      "a",
      { href: `/exposures/${exposure.id}`, "data-exposure": String(exposure.id) },
      exposure.name,
    );
    const cells = this.model.vitalFigures.map((figure) => {
      return element("td", { class: "numeric" }, measuredNumber(exposure.values[figure.key], figure));
    });
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, link),
      element("td", {}, stateText(exposure.state)),
      ...cells,
      element("td", {}, clockText(new Date(exposure.written_at))),
    );
  }
}
