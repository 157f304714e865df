// A measured number; one beyond its limit is marked by an icon, a word and a colour.
import type { Figure } from "../api.js";
import { element, icon } from "../dom.js";
import { figureText, isBeyond } from "../words.js";

export function measuredNumber(value: number | undefined, figure: Figure): HTMLElement {
  const text = figureText(value, figure);
  if (!isBeyond(value, figure)) return element("span", { class: "number" }, text);
  const word = element("span", { class: "visually-hidden" }, "beyond the limit: ");
  return element("span", { class: "number beyond" }, icon("triangle-alert"), word, text);
}
