// Bundles scripts, styles, fonts and icons under names that carry a hash of their content, with a manifest that
// tells templates which is which. Whatever was built before is removed first.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const portal = path.join(here, "../src/cloudlet/portal");
const target = path.join(portal, "static");
const work = path.join(portal, `.static-${process.pid}`);
const hash = (content) => createHash("sha256").update(content).digest("hex").slice(0, 10).toUpperCase();

async function bundle() {
  const { metafile } = await build({
    absWorkingDir: here,
    entryPoints: ["src/page.ts", "src/cockpit.ts", { in: "styles/portal.css", out: "portal" }].map((entry) =>
      typeof entry === "string" ? { in: entry, out: path.parse(entry).name } : entry,
    ),
    outdir: work,
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    loader: { ".woff2": "file" },
    legalComments: "eof",
    sourcemap: false,
    metafile: true,
    logLevel: "warning",
  });
  const outputs = Object.entries(metafile.outputs).filter(([, output]) => output.entryPoint);
  return Object.fromEntries(
    outputs.map(([file, output]) => {
      const { name } = path.parse(output.entryPoint);
      return [`${name}${path.extname(file)}`, path.basename(file)];
    }),
  );
}

async function texts(folder, extensions) {
  const names = await readdir(folder, { recursive: true });
  const wanted = names.filter((name) => extensions.includes(path.extname(name)));
  return Promise.all(wanted.map((name) => readFile(path.join(folder, name), "utf8")));
}

// The sprite holds the icons that templates and scripts name in icon("..."), and no others.
async function sprite() {
  const sources = [
    ...(await texts(path.join(portal, "templates"), [".html"])),
    ...(await texts(path.join(here, "src"), [".ts"])),
  ];
  const names = new Set(
    sources.flatMap((text) => [...text.matchAll(/\bicon\("([a-z0-9-]+)"/g)].map((found) => found[1])),
  );
  const symbols = await Promise.all([...names].sort().map(symbol));
  return `<svg xmlns="http://www.w3.org/2000/svg"><!-- Lucide, ISC licence -->${symbols.join("")}</svg>`;
}

async function symbol(name) {
  const file = path.join(here, "node_modules/lucide-static/icons", `${name}.svg`);
  const drawing = (await readFile(file, "utf8")).replace(/^[\s\S]*?<svg[\s\S]*?>/, "").replace("</svg>", "");
  const stroke =
    'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${stroke}>${drawing.replace(/\s*\n\s*/g, "")}</symbol>`;
}

async function licences() {
  const { dependencies } = JSON.parse(await readFile(path.join(here, "package.json"), "utf8"));
  const parts = Object.keys(dependencies)
    .sort()
    .map(async (name) => {
      const folder = path.join(here, "node_modules", name);
      const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
      if (!file) throw new Error(`${name} comes without a licence file`);
      return `${name}\n${"=".repeat(name.length)}\n\n${await readFile(path.join(folder, file), "utf8")}`;
    });
  return (await Promise.all(parts)).join("\n\n");
}

async function place(name, content) {
  const { name: stem, ext } = path.parse(name);
  const hashed = `${stem}-${hash(content)}${ext}`;
  await writeFile(path.join(work, hashed), content);
  return [name, hashed];
}

await rm(work, { recursive: true, force: true });
await mkdir(work, { recursive: true });
try {
  const manifest = await bundle();
  const placed = [
    await place("icons.svg", await sprite()),
    await place("favicon.svg", await readFile(path.join(here, "images/favicon.svg"), "utf8")),
    await place("licences.txt", await licences()),
  ];
  Object.assign(manifest, Object.fromEntries(placed));
  await writeFile(path.join(work, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  await rm(target, { recursive: true, force: true });
  await rename(work, target);
} finally {
  await rm(work, { recursive: true, force: true });
}
