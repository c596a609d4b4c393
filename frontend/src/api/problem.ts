/** A refusal of the server, as RFC 9457 problem details, or a failure on the way to it. */
export class ApiProblem extends Error {
  constructor(
    /** HTTP status; 0 when no answer of the server's own arrived. */
    readonly status: number,
    /** Stable: "reads.taken_over", "signed_out", "network", ... */
    readonly code: string,
    /** Words for a person. */
    readonly detail: string,
    /** Further members of the document. */
    readonly more: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
    this.name = "ApiProblem";
  }

  /** Whether trying again later may help: no answer, an overload, a restart. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The problem in a refused answer's body. */
export function problemFrom(status: number, body: unknown): ApiProblem {
  const fields = isRecord(body) ? body : {};
  const code = typeof fields.code === "string" ? fields.code : "http";
  const detail = typeof fields.detail === "string" ? fields.detail : "";
  return new ApiProblem(status, code, detail, fields);
}

/** The problem that any error is. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem(0, "program", error instanceof Error ? error.message : String(error));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
