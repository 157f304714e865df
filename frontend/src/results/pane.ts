// The live results: everything the page knows of the run, in the order in which it is needed.
import {
  type Console,
  type Exposure,
  type Problem,
  Refusal,
  readSnapshot,
  type Snapshot,
  type Status,
} from "../api.js";
import { waitSeconds } from "../console/patience.js";
import { element, fill } from "../dom.js";
import { secondsText } from "../words.js";
import { ExposureDialog } from "./dialog.js";
import { Freshness } from "./freshness.js";
import { RunModel } from "./model.js";
import { note, problemNote } from "./note.js";
import { RunStream } from "./stream.js";
import { NumberTable } from "./table.js";
import { Tallies } from "./tallies.js";
import { Tiles } from "./tiles.js";
import { Vitals } from "./vitals.js";

const NO_SESSION =
  "There are no results: no session of yours is on at this time, or its raw folder has not been looked at yet. " +
  "They appear here by themselves.";

interface Parts {
  model: RunModel;
  tallies: Tallies;
  vitals: Vitals;
  tiles: Tiles;
  table: NumberTable;
  dialog: ExposureDialog;
}

export class ResultsPane {
  private readonly notes = element("div", { class: "notes", role: "status" });
  private readonly nothing = element("p", { class: "empty aside" });
  private readonly freshness = new Freshness();
  private parts: Parts | null = null;
  private isDrawing = false;
  private denial: Problem | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly noteConsole: (state: Console | null) => void,
  ) {}

  showWaiting(isWithoutRun: boolean): void {
    if (isWithoutRun) fill(this.root, element("p", { class: "empty aside" }, NO_SESSION));
  }

  /** Read the run whole, then follow what changes. */
  async follow(run: number, failures = 0): Promise<void> {
    try {
      const snapshot = await readSnapshot(run, 0);
      this.begin(snapshot);
      new RunStream(run, snapshot.cursor, this);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      fill(this.root, problemNote(error.problem));
      if (error.isPassing)
        setTimeout(() => void this.follow(run, failures + 1), waitSeconds(failures) * 1000);
    }
  }

  openNewest(): void {
    const newest = this.parts?.model.finished.at(-1);
    if (newest) this.parts?.dialog.open(newest.id);
  }

  exposures(rows: Exposure[]): void {
    this.parts?.model.take(rows);
    this.draw();
  }

  status(status: Status): void {
    if (this.parts) this.parts.model.status = status;
    this.freshness.heard(status);
    this.noteConsole(status.console);
    this.draw();
  }

  broken(): void {
    this.freshness.broken();
    this.showNotes();
  }

  denied(problem: Problem, isSignedOut: boolean): void {
    this.denial = isSignedOut ? { ...problem, remedy: "Load the page again to sign in." } : problem;
    this.broken();
  }

  private begin(snapshot: Snapshot): void {
    const model = new RunModel(snapshot.declaration, snapshot);
    model.take(snapshot.exposures);
    const dialog = new ExposureDialog(model);
    const open = (id: number) => dialog.open(id);
    const tallies = new Tallies();
    const vitals = new Vitals(model, open);
    const tiles = new Tiles(model, open);
    const table = new NumberTable(model, open);
    const newest = element("section", { class: "newest" }, element("h2", {}, "Newest"), tiles.root);
    this.root.replaceChildren(tallies.root, this.notes, this.nothing, vitals.root, newest, table.root);
    this.parts = { model, tallies, vitals, tiles, table, dialog };
    this.status(snapshot);
    setInterval(() => this.showNotes(), 1000);
  }

  /** Draw once a frame at most, however much news comes. */
  private draw(): void {
    if (this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      this.drawNow();
    });
  }

  private drawNow(): void {
    if (!this.parts) return;
    const { model, tallies, vitals, tiles, table, dialog } = this.parts;
    tallies.show(model.status.vitals);
    this.root.classList.toggle("is-empty", model.exposures.length === 0);
    this.nothing.textContent = model.exposures.length ? "" : this.emptyWords(model);
    vitals.show();
    tiles.show();
    table.show();
    dialog.show();
    this.showNotes();
  }

  private emptyWords({ declaration, status }: RunModel): string {
    const { looked_at } = status.run;
    if (!looked_at) return `No ${declaration.exposures} yet. The raw folder has not been looked at so far.`;
    const age = (Date.parse(status.vitals.now) - Date.parse(looked_at)) / 1000;
    return `No ${declaration.exposures} yet. The raw folder was last looked at ${secondsText(age)} ago.`;
  }

  private showNotes(): void {
    const complaint = this.freshness.complaint();
    const problem = this.parts?.model.status.run.problem;
    this.root.classList.toggle("is-stale", complaint !== "" || problem != null);
    const notes: Node[] = [];
    if (this.denial) notes.push(problemNote(this.denial));
    if (complaint) notes.push(note("attention", element("span", { "aria-live": "off" }, complaint)));
    if (problem) notes.push(problemNote(problem));
    fill(this.notes, ...notes);
  }
}
