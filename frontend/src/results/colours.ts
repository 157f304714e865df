// The tokens' colours as a canvas needs them: resolved for the present theme.

const TOKENS = [
  "text",
  "text-quiet",
  "hairline",
  "accent",
  "good",
  "attention",
  "bad",
  "information",
  "surface",
] as const;

export type Palette = Record<(typeof TOKENS)[number], string>;

let palette: Palette | null = null;
const schemes = matchMedia("(prefers-color-scheme: dark)");
schemes.addEventListener("change", () => (palette = null));

export function colours(): Palette {
  palette ??= resolve();
  return palette;
}

/** Call `redraw` when the colours have changed. */
export function whenColoursChange(redraw: () => void): void {
  schemes.addEventListener("change", redraw);
}

function resolve(): Palette {
  const probe = document.createElement("span");
  document.body.append(probe);
  const entries = TOKENS.map((token) => {
    probe.style.color = `var(--${token})`;
    return [token, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(entries) as Palette;
}
