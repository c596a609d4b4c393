import type { Submitted } from "../api/types";
import type { State } from "./state";

/**
 * Show what the server told of a signed read: the truth of a training case, or what a test came to.
 *
 * @returns Whether there is anything to look at before the next case.
 */
export function showOutcome(state: State, done: Submitted): boolean {
  state.viewing.peek()?.hiding.clear(); // what is shown now is seen
  state.feedback.value = done.feedback ?? null;
  state.testResult.value = done.test_result ?? null;
  const first = done.feedback?.lesions[0];
  if (first) state.viewing.value?.jump(first.position_mm);
  return state.feedback.value !== null || state.testResult.value !== null;
}

/** Nothing of the case before is left to look at. */
export function forgetOutcome(state: State): void {
  state.feedback.value = null;
  state.testResult.value = null;
}
