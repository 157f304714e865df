// A sentence that must be seen, with the icon and the colour of its meaning.
import type { Problem } from "./api.js";
import { element, icon, setAttribute } from "./dom.js";

type Meaning = "information" | "attention" | "bad";

const SIGNS: Record<Meaning, () => SVGSVGElement> = {
  information: () => icon("info"),
  attention: () => icon("wifi-off"),
  bad: () => icon("triangle-alert"),
};

export function note(meaning: Meaning, ...content: (Node | string)[]): HTMLElement {
  return element("div", { class: `note ${meaning}` }, SIGNS[meaning](), element("div", {}, ...content));
}

/** What went wrong and what to do; read out at once. */
export function problemNote({ message, remedy, slug }: Problem): HTMLElement {
  const made = note("bad", element("p", {}, `${message} ${remedy}`), codeLine(slug));
  setAttribute(made, "role", "alert");
  return made;
}

/** What the support can look up; `more` goes on behind it. */
export function codeLine(slug: string, more = ""): HTMLElement {
  return element("p", { class: "aside" }, "Code for the support mail: ", element("code", {}, slug), more);
}
