// The vital signs: one big number each, its history beside it, all on one time axis.
import type { Figure } from "../api.js";
import { element, fill, icon } from "../dom.js";
import { figureText, isBeyond, limitText } from "../words.js";
import { History } from "./history.js";
import type { RunModel } from "./model.js";

interface Row {
  figure: Figure;
  value: HTMLElement;
  verdict: HTMLElement;
  history: History;
}

export class Vitals {
  readonly root = element("div", { class: "vitals" });
  private readonly rows: Row[];

  constructor(
    private readonly model: RunModel,
    open: (id: number) => void,
  ) {
    const figures = model.vitalFigures;
    this.rows = figures.map((figure, place) => this.row(figure, place === figures.length - 1, open));
  }

  show(): void {
    const finished = this.model.finished;
    for (const row of this.rows) {
      this.showNumber(row);
      row.history.show(finished);
    }
  }

  private row(figure: Figure, hasTimeAxis: boolean, open: (id: number) => void): Row {
    const value = element("p", { class: "vital-value" });
    const verdict = element("p", { class: "vital-verdict" });
    const frame = element("div", {
      class: "vital-plot",
      role: "img",
      "aria-label": `History of ${figure.title}; the table below has its numbers`,
    });
    const title = element("h2", { title: figure.description }, figure.title);
    this.root.append(
      element(
        "section",
        { class: hasTimeAxis ? "vital has-time-axis" : "vital" },
        element("div", { class: "vital-now" }, title, value, verdict),
        frame,
      ),
    );
    const target = this.model.figure(figure.target);
    return { figure, value, verdict, history: new History(frame, { figure, target, hasTimeAxis, open }) };
  }

  private showNumber({ figure, value, verdict }: Row): void {
    const newest = this.model.newestWith(figure);
    const number = newest?.values[figure.key];
    fill(
      value,
      element("span", { class: "number" }, figureText(number, figure)),
      " ",
      element("span", { class: "unit" }, figure.unit),
    );
    const target = this.model.figure(figure.target);
    const wanted = target && newest?.values[target.key];
    const beyond = isBeyond(number, figure);
    verdict.classList.toggle("beyond", beyond);
    if (beyond) fill(verdict, icon("triangle-alert"), `limit: ${limitText(figure)}`);
    else if (target && wanted !== undefined)
      fill(verdict, `target ${figureText(wanted, target)} ${target.unit}`);
    else fill(verdict, limitText(figure) && `limit: ${limitText(figure)}`);
  }
}
