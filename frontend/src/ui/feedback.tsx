import type { VNode } from "preact";

import type { Feedback } from "../api/types";
import { t } from "../i18n";
import type { Room } from "../reading/room";

/** After a training case: what was there, and what was found (never outside training). */
export function FeedbackPanel({ room, feedback }: { room: Room; feedback: Feedback }): VNode {
  const { lesions, false_marks } = feedback;
  return (
    <section class="panel-part feedback" data-testid="feedback">
      <h2>{t("feedback.title")}</h2>
      {lesions.length === 0 && <p>{t("feedback.none")}</p>}
      <ol class="rows">
        {lesions.map((lesion) => (
          <li key={lesion.number} class="row">
            <button
              type="button"
              class="row-main"
              onClick={() => room.state.viewing.value?.jump(lesion.position_mm)}
            >
              <svg class="sign" viewBox="0 0 16 16" aria-hidden="true">
                <path d="M8 1.5L14.5 8L8 14.5L1.5 8z" />
              </svg>
              <span>
                {t("feedback.lesion", {
                  number: lesion.number,
                  size: lesion.diameter_mm.toFixed(0),
                })}
              </span>
              <span class={lesion.found ? "found" : "missed"}>
                {t(lesion.found ? "feedback.found" : "feedback.missed")}
              </span>
            </button>
          </li>
        ))}
      </ol>
      {false_marks.length > 0 && (
        <p>{t("feedback.false", { numbers: false_marks.join(", ") })}</p>
      )}
      <NextCase room={room} />
    </section>
  );
}

/** On to the next case, after one that said something at its end. */
export function NextCase({ room }: { room: Room }): VNode {
  return (
    <button
      type="button"
      class="primary wide"
      data-testid="next-case"
      onClick={() => void room.retry()}
    >
      {t("feedback.next")}
    </button>
  );
}
