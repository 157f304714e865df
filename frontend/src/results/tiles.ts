// The newest exposures as pictures. While somebody points at them or has the focus there, they stand still.
import type { Exposure } from "../api.js";
import { element, fill, icon } from "../dom.js";
import { clockText } from "../words.js";
import type { RunModel } from "./model.js";

const SHOWN = 6;

export class Tiles {
  readonly root = element("ul", { class: "tiles" });

  constructor(
    private readonly model: RunModel,
    private readonly open: (id: number) => void,
  ) {
    for (const kind of ["pointerleave", "focusout"])
      this.root.addEventListener(kind, () => setTimeout(() => this.show()));
  }

  show(): void {
    if (this.root.matches(":hover, :focus-within")) return;
    const newest = this.model.finished.slice(-SHOWN).reverse();
    const held = new Map(
      [...this.root.children].map((child) => [(child as HTMLElement).dataset["mark"], child]),
    );
    const tiles = newest.map((exposure) => held.get(markOf(exposure)) ?? this.tile(exposure));
    if (
      tiles.length !== this.root.children.length ||
      tiles.some((tile, place) => this.root.children[place] !== tile)
    ) {
      this.root.replaceChildren(...tiles);
    }
  }

  private tile(exposure: Exposure): HTMLElement {
    const button = element("button", { type: "button", class: `tile ${exposure.state}` });
    button.addEventListener("click", () => this.open(exposure.id));
    fill(button, ...this.pictures(exposure), caption(exposure));
    return element("li", { "data-mark": markOf(exposure) }, button);
  }

  private pictures(exposure: Exposure): Node[] {
    const kinds = this.model.declaration.images
      .filter((kind) => kind.small_of === null && kind.key in exposure.images)
      .slice(0, 2);
    if (!kinds.length)
      return [
        element("span", { class: "tile-nothing" }, icon("x"), exposure.problem ? "failed" : "no picture"),
      ];
    return kinds.map((kind) =>
      element("img", {
        src: exposure.images[this.smallest(kind.key, exposure)] ?? "",
        alt: `${kind.title} of ${exposure.name}`,
        decoding: "async",
      }),
    );
  }

  /** The key of the small copy of a picture, or its own where there is none. */
  private smallest(key: string, exposure: Exposure): string {
    const copy = this.model.declaration.images.find((kind) => kind.small_of === key && kind.key in exposure.images);
    return copy?.key ?? key;
  }
}

const markOf = (exposure: Exposure): string => `${exposure.id}-${exposure.change}`;

function caption(exposure: Exposure): HTMLElement {
  return element(
    "span",
    { class: "tile-caption", title: exposure.name },
    clockText(new Date(exposure.written_at)),
  );
}
