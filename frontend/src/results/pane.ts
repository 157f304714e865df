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
import { element, fill, required, setText } from "../dom.js";
import { note, problemNote } from "../note.js";
import { secondsText, zoneText } from "../words.js";
import { ExposureDialog } from "./dialog.js";
import { Freshness } from "./freshness.js";
import { RunModel } from "./model.js";
import { RunStream } from "./stream.js";
import { NumberTable } from "./table.js";
import { Tallies } from "./tallies.js";
import { Tiles } from "./tiles.js";
import { Vitals } from "./vitals.js";

const NO_SESSION =
  "There are no results: no session of yours is on at this time, or its raw folder has not been looked at yet. " +
  "They appear here by themselves.";

export interface ResultsListener {
  /** Who is at the console; null where the person may not see the instrument any more. */
  console(state: Console | null): void;
  /** Whether nothing is heard of run and console for now. */
  silent(isSilent: boolean): void;
}

interface Parts {
  model: RunModel;
  tallies: Tallies;
  vitals: Vitals;
  tiles: Tiles;
  table: NumberTable;
  dialog: ExposureDialog;
}

export class ResultsPane {
  private readonly content = required("results-content");
  // The complaint counts seconds: what is read out stands apart from it.
  private readonly complaint = element("div");
  private readonly alerts = element("div");
  private readonly notes = element("div", { class: "notes" }, this.alerts, this.complaint);
  private readonly spoken = element("p", { class: "visually-hidden", role: "status" });
  private readonly nothing = element("p", { class: "empty aside" });
  private readonly freshness = new Freshness();
  private parts: Parts | null = null;
  private isDrawing = false;
  private isOld = false;
  private denial: Problem | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly listener: ResultsListener,
  ) {}

  /** Tell that there is no run to follow. */
  showWaiting(): void {
    fill(this.content, element("p", { class: "empty aside" }, NO_SESSION));
    this.listener.silent(false);
  }

  /** Tell why there is nothing to show. */
  showProblem(problem: Problem): void {
    fill(this.content, problemNote(problem));
    this.listener.silent(true);
  }

  /** Read the run whole, then follow what changes. */
  async follow(run: number, failures = 0): Promise<void> {
    try {
      const snapshot = await readSnapshot(run, 0);
      this.begin(snapshot);
      new RunStream(run, snapshot.cursor, this);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.showProblem(error.problem);
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
    this.listener.console(status.console);
    this.draw();
  }

  broken(): void {
    this.freshness.broken();
    this.showNotes();
  }

  denied(problem: Problem): void {
    this.denial = problem;
    this.broken();
  }

  private begin(snapshot: Snapshot): void {
    const model = new RunModel(snapshot.declaration, snapshot, snapshot.may_retry);
    model.take(snapshot.exposures);
    const dialog = new ExposureDialog(model);
    const open = (id: number) => dialog.open(id);
    const tallies = new Tallies();
    const vitals = new Vitals(model, open);
    const tiles = new Tiles(model, open);
    const table = new NumberTable(model, open);
    const title = element("h2", {}, `Newest · ${zoneText()}`);
    const newest = element("section", { class: "newest" }, title, tiles.root);
    const inOrder = [tallies.root, this.notes, this.nothing, vitals.root, newest, table.root];
    this.content.replaceChildren(this.spoken, ...inOrder);
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
    setText(this.nothing, model.exposures.length ? "" : this.emptyWords(model));
    vitals.show();
    tiles.show();
    table.show();
    dialog.show();
    this.showNotes();
  }

  private emptyWords({ declaration, status }: RunModel): string {
    const { scanned_at } = status.run;
    if (!scanned_at) return `No ${declaration.exposures} yet. The raw folder has not been looked at so far.`;
    const age = (Date.parse(status.vitals.now) - Date.parse(scanned_at)) / 1000;
    return `No ${declaration.exposures} yet. The raw folder was last looked at ${secondsText(age)} ago.`;
  }

  private showNotes(): void {
    const complaint = this.freshness.complaint();
    const problem = this.parts?.model.status.run.problem;
    this.showAge(complaint !== "" || problem != null);
    fill(this.complaint, ...(complaint ? [note("attention", complaint)] : []));
    fill(this.alerts, ...[this.denial, problem].filter((each) => each != null).map(problemNote));
    this.listener.silent(this.freshness.isSilent());
  }

  private showAge(isOld: boolean): void {
    if (isOld === this.isOld) return;
    this.isOld = isOld;
    this.root.classList.toggle("is-stale", isOld);
    setText(this.spoken, isOld ? "The numbers shown are old." : "The numbers are up to date again.");
  }
}
