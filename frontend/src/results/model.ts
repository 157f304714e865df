// What the page knows of a run: exposures by number, in the order in which the camera wrote them.
import type { Declaration, Exposure, Figure, Status } from "../api.js";

export class RunModel {
  private readonly known = new Map<number, Exposure>();
  private ordered: Exposure[] | null = null;
  status: Status;

  constructor(
    readonly declaration: Declaration,
    status: Status,
    /** Whether this person may have an exposure measured again. */
    readonly mayRetry: boolean,
  ) {
    this.status = status;
  }

  /** Take in rows; an older state of a row never replaces a newer one. */
  take(rows: Exposure[]): void {
    for (const row of rows) {
      const known = this.known.get(row.id);
      if (!known || known.change <= row.change) this.known.set(row.id, row);
    }
    if (rows.length) this.ordered = null;
  }

  /** All exposures, oldest first. */
  get exposures(): Exposure[] {
    this.ordered ??= [...this.known.values()].sort(
      (one, other) => Date.parse(one.written_at) - Date.parse(other.written_at) || one.id - other.id,
    );
    return this.ordered;
  }

  /** Exposures with an outcome, oldest first. */
  get finished(): Exposure[] {
    return this.exposures.filter((exposure) => exposure.state === "done" || exposure.state === "failed");
  }

  get vitalFigures(): Figure[] {
    return this.declaration.figures.filter((figure) => figure.is_vital);
  }

  exposure(id: number): Exposure | undefined {
    return this.known.get(id);
  }

  figure(key: string | null): Figure | undefined {
    return this.declaration.figures.find((figure) => figure.key === key);
  }

  /** The newest exposure that has a value for `figure`. */
  newestWith(figure: Figure): Exposure | undefined {
    return this.exposures.findLast((exposure) => exposure.state === "done" && figure.key in exposure.values);
  }

  /** The exposure `step` places newer (older where negative) than the one numbered `id`. */
  neighbour(id: number, step: number): Exposure | undefined {
    const place = this.exposures.findIndex((exposure) => exposure.id === id);
    return place < 0 ? undefined : this.exposures[place + step];
  }
}
