import { asProblem, type ApiProblem } from "../api/problem";
import { t } from "../i18n";
import type { Phase } from "./state";

/** What went wrong, for a person, also when the server said nothing. */
export function wordsOf(problem: ApiProblem): string {
  if (problem.code === "program") return t("error.program", { words: problem.detail });
  return problem.detail || t("error.no_answer");
}

/** Where the room stands after a step that the server refused. */
export function phaseAfter(error: unknown): Phase {
  const problem = asProblem(error);
  const { opens_on: opensOn, opens_at: opensAt } = problem.more;
  if (problem.code === "reads.rest" && typeof opensAt === "string") {
    return { name: "resting", words: problem.detail, opensAt };
  }
  if (["reads.nothing_left", "reads.washout"].includes(problem.code)) {
    const words = problem.detail;
    return { name: "finished", words, opensOn: typeof opensOn === "string" ? opensOn : null };
  }
  return { name: "refused", words: wordsOf(problem), canRetry: problem.isPassing };
}
