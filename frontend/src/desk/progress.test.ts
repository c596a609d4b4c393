// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Progress } from "./progress";

const SECOND = 1000;

describe("Progress", () => {
  const box = document.createElement("div");
  const files = ["a", "b", "c"].map((name) => new File([name], name));
  const stored = { state: "stored", reason: "", count: 1 } as const;
  let progress: Progress;

  beforeEach(() => {
    vi.useFakeTimers();
    progress = new Progress(box, 3, 3);
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it("draws once for all that is told within a moment", () => {
    const drawn = vi.spyOn(box, "replaceChildren");
    for (const file of files) {
      progress.moves(file, 1);
      progress.done(file, stored);
    }
    expect(drawn).not.toHaveBeenCalled();
    vi.advanceTimersByTime(SECOND);
    expect(drawn).toHaveBeenCalledTimes(1);
    expect(box.textContent).toContain("3 of 3 files");
  });

  it("keeps the reason of a stop whatever is told later", () => {
    progress.moves(files[0] as File, 1);
    progress.stops("The delivery stopped: no answer.");
    progress.done(files[1] as File, stored);
    vi.advanceTimersByTime(SECOND);
    expect(box.textContent).toBe("The delivery stopped: no answer.");
  });

  it("keeps the word that all is sent", () => {
    progress.done(files[2] as File, stored);
    progress.says("All files are sent.");
    vi.advanceTimersByTime(SECOND);
    expect(box.textContent).toContain("All files are sent.");
  });
});
