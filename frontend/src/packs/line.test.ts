import { describe, expect, test, vi } from "vitest";

import { Line } from "./line";
import type { Heard } from "./meter";

const BOTH = ["raw", "jpeg-ls"];
const MBIT_S = 125_000;

/** A case of 84 MB raw or 36 MB compressed over a line, by a machine that decodes so much. */
function heard(mbit_s: number, decodedMBs: number | null): Heard {
  const bytes = decodedMBs === null ? 84e6 : 36e6;
  const decodingMs = decodedMBs === null ? 0 : 84e3 / decodedMBs;
  const lineMs = (bytes / (mbit_s * MBIT_S)) * 1000;
  const decodedBytes = decodedMBs === null ? 0 : 84e6;
  return { bytes, ms: Math.max(lineMs, decodingMs), decodedBytes, decodingMs };
}

function kept(): Pick<Storage, "getItem" | "setItem"> {
  const items = new Map<string, string>();
  return { getItem: (name) => items.get(name) ?? null, setItem: (name, text) => items.set(name, text) };
}

const fresh = (): Line => new Line(null);

describe("before anything was fetched", () => {
  test.each([["raw", "jpeg-ls"], ["raw"]])("raw, of %s", (...offered) => {
    expect(fresh().choose(offered)).toBe("raw");
  });

  test("its first bytes tell, and who fetches is told", () => {
    const line = fresh();
    const onHeard = (line.onHeard = vi.fn());
    line.hear({ bytes: 0.9e6, ms: 100, decodedBytes: 0, decodingMs: 0 });
    expect(onHeard).not.toHaveBeenCalled();
    line.hear({ bytes: 1e6, ms: 100, decodedBytes: 0, decodingMs: 0 });
    expect(onHeard).toHaveBeenCalledTimes(1);
    expect(line.choose(BOTH)).toBe("jpeg-ls");
    expect(line.choose(["raw"])).toBe("raw");
  });
});

describe("once a case came", () => {
  test.each([
    [100, 90, "jpeg-ls"],
    [200, 90, "jpeg-ls"],
    [1000, 90, "raw"],
    [100, 10, "raw"], // the line is fast for what this machine can decode
  ] as const)("a line of %i Mbit/s, a machine of %i MB/s: %s", (mbit_s, decoded, wanted) => {
    const line = fresh();
    line.hear(heard(mbit_s, decoded));
    expect(line.choose(BOTH)).toBe(wanted);
  });

  test("a line that waited for the decoder is tried raw once, and then known", () => {
    const line = fresh();
    line.hear(heard(10_000, 90));
    expect(line.choose(BOTH)).toBe("raw");
    line.hear(heard(380, null));
    expect(line.choose(BOTH)).toBe("jpeg-ls");
    line.hear(heard(380, 90)); // again it waited: what is known of it stays
    expect(line.choose(BOTH)).toBe("jpeg-ls");
  });

  test("a line that got slow is noticed, and one that got fast", () => {
    const line = fresh();
    line.hear(heard(50, null));
    expect(line.choose(BOTH)).toBe("jpeg-ls");
    line.hear(heard(1000, null));
    expect(line.choose(BOTH)).toBe("raw");
  });

  test("a few slices tell nothing of it", () => {
    const line = fresh();
    line.hear({ bytes: 900e3, ms: 5000, decodedBytes: 0, decodingMs: 0 });
    expect(line.choose(BOTH)).toBe("raw");
  });
});

describe("from page to page", () => {
  test("what is known stays for the session", () => {
    const store = kept();
    new Line(store).hear(heard(1000, null));
    expect(new Line(store).choose(BOTH)).toBe("raw");
  });

  test.each(["", "rubbish", "null,60", "0,0", "5e6"])("of “%s” nothing is believed", (text) => {
    const store = { ...kept(), getItem: () => text };
    expect(new Line(store).choose(BOTH)).toBe("raw");
  });

  test("a browser that keeps nothing is no hindrance", () => {
    const setItem = (): void => {
      throw new DOMException("It is full.", "QuotaExceededError");
    };
    const line = new Line({ getItem: () => null, setItem });
    line.hear(heard(1000, null));
    expect(line.choose(BOTH)).toBe("raw");
  });
});
