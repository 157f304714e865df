// Elements from data, never from text that could hold markup.
//
// Here alone text is put into the page, so that whatever JSON and event streams bring is escaped on its way.
import { escapeControls } from "./escaping.js";

type Attributes = Record<string, string | boolean>;
type Child = Node | string;

/** Attributes that hold addresses; all others may be shown or read out. */
const ADDRESSES = new Set(["href", "src"]);

/** Return a new element; an attribute that is true stands without a value, one that is false not at all. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) setAttribute(made, name, value === true ? "" : value);
  }
  made.append(...children.map(escaped));
  return made;
}

/** Let an element say `text` and nothing else. */
export function setText(target: Element, text: string): void {
  target.textContent = escapeControls(text);
}

/** Give an element an attribute, escaped unless it is an address. */
export function setAttribute(target: Element, name: string, value: string): void {
  target.setAttribute(name, ADDRESSES.has(name) ? value : escapeControls(value));
}

/** Return an icon of the sprite; it says nothing by itself, so a label must stand beside it. */
export function icon(name: string): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(namespace, "svg");
  const use = document.createElementNS(namespace, "use");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${document.documentElement.dataset["icons"] ?? ""}#${name}`);
  drawing.append(use);
  return drawing;
}

/** Return the element that the page's template promises. */
export function required<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element called ${id}`);
  return found as Kind;
}

/** Replace what `parent` holds where it differs, so that screen readers hear only what changed. */
export function fill(parent: Element, ...children: Child[]): void {
  const draft = document.createElement("div");
  draft.append(...children.map(escaped));
  if (draft.innerHTML !== parent.innerHTML) parent.replaceChildren(...draft.childNodes);
}

const escaped = (child: Child): Child => (typeof child === "string" ? escapeControls(child) : child);
