import type { VNode } from "preact";

import type { TestPlace, TestResult } from "../api/types";
import { t } from "../i18n";
import type { Room } from "../reading/room";
import { NextCase } from "./feedback";

/** Before a test case is read: that it is one, and that nothing is shown after it. */
export function TestNotice({ place }: { place: TestPlace }): VNode {
  return (
    <section class="panel-part test-notice" data-testid="test-notice">
      <h2>{t("test.case", { number: place.number, of: place.of })}</h2>
      <p>{t("test.help")}</p>
    </section>
  );
}

/** After the last test case: how many were right, never which. */
export function TestResultPanel({ room, result }: { room: Room; result: TestResult }): VNode {
  const { right, of, pass_mark_percent: mark } = result;
  return (
    <section class="panel-part feedback" role="status" data-testid="test-result">
      <h2>{t(result.is_passed ? "test.passed" : "test.not_passed")}</h2>
      <p>{t("test.result", { right, of, mark })}</p>
      {!result.is_passed && <p>{t("test.decides")}</p>}
      {result.is_passed ? (
        <NextCase room={room} />
      ) : (
        <a class="primary wide" href={room.home} data-testid="go-home">
          {t("finished.home")}
        </a>
      )}
    </section>
  );
}
