import type { VNode } from "preact";
import { useSignal } from "@preact/signals";

import type { AnswerValue, Question } from "../api/types";
import { t } from "../i18n";
import type { OpenCase } from "../reading/case";
import { asked, isEmpty, type Gap } from "../reading/completeness";
import type { Room } from "../reading/room";
import { levelsOf, ratingWords } from "../reading/scales";
import { Dialog } from "./dialog";

/** One summary of the read, what is missing, and the signature (A2, R4). */
export function SubmitDialog({ room, open }: { room: Room; open: OpenCase }): VNode {
  const { number, of } = open.packet.read;
  const gaps = open.gaps.value;
  return (
    <Dialog
      title={t("submit.title", { number, of })}
      testId="submit-dialog"
      onClose={() => (room.state.dialog.value = null)}
    >
      <div class="summary">
        <h3>{t("submit.marks")}</h3>
        <MarksSummary open={open} />
        <h3>{t("submit.answers")}</h3>
        <AnswersSummary open={open} />
        {gaps.length > 0 && <GapList gaps={gaps} />}
      </div>
      {gaps.length === 0 ? (
        <Signature room={room} open={open} />
      ) : (
        <footer>
          <button
            type="button"
            class="primary"
            data-testid="submit-back"
            onClick={() => (room.state.dialog.value = null)}
          >
            {t("submit.back")}
          </button>
        </footer>
      )}
    </Dialog>
  );
}

function MarksSummary({ open }: { open: OpenCase }): VNode {
  const marks = open.marks.value;
  const undecided = open.proposals.filter((each) => !open.draft.value.decisions[each.id]).length;
  return (
    <>
      {marks.length === 0 && (
        <p>{open.draft.value.noLesionSaid ? t("submit.said_none") : t("submit.no_marks")}</p>
      )}
      <ul class="chips" data-testid="submit-marks">
        {marks.map((mark) => (
          <li key={mark.mark_id}>
            <span class="number">{mark.number}</span> {mark.rating === null ? "–" : ratingWords(mark.rating, open.packet.mark_scale)}
          </li>
        ))}
      </ul>
      {undecided > 0 && (
        <p class="quiet-text">{t("submit.undecided", { count: undecided })}</p>
      )}
    </>
  );
}

function AnswersSummary({ open }: { open: OpenCase }): VNode {
  const { answers } = open.draft.value;
  return (
    <dl class="answers">
      {asked(open.packet.questions, answers).map((question) => (
        <div key={question.key}>
          <dt>{question.text}</dt>
          <dd>{wordsOf(question, answers[question.key] ?? null)}</dd>
        </div>
      ))}
    </dl>
  );
}

function wordsOf(question: Question, value: AnswerValue): string {
  if (isEmpty(value)) return t("questions.unanswered");
  if (question.kind === "scale") return `${String(value)} ${levelsOf(question)[Number(value) - 1] ?? ""}`;
  const label = (each: string): string =>
    question.choices.find((choice) => choice.value === each)?.label ?? each;
  if (Array.isArray(value)) return (value as string[]).map(label).join(", ");
  return typeof value === "string" ? label(value) : String(value);
}

function GapList({ gaps }: { gaps: readonly Gap[] }): VNode {
  return (
    <div class="gaps" role="alert" data-testid="submit-gaps">
      <h3>{t("submit.missing")}</h3>
      <ul>
        {gaps.map((gap) => (
          <li key={gap.what === "question" ? gap.key : gap.what + String("number" in gap && gap.number)}>
            {gapWords(gap)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function gapWords(gap: Gap): string {
  if (gap.what === "mark") return t("submit.missing_mark", { number: gap.number });
  if (gap.what === "marks") return t("submit.missing_marks");
  if (gap.what === "contradiction") return t("submit.contradiction");
  return t(gap.isWrong ? "submit.wrong_answer" : "submit.missing_answer", { text: gap.text });
}

function Signature({ room, open }: { room: Room; open: OpenCase }): VNode {
  const password = useSignal("");
  const { isSubmitting, submitError, me } = room.state;
  return (
    <form
      class="signature"
      onSubmit={(event) => {
        event.preventDefault();
        if (password.value) void room.submit(password.value);
      }}
    >
      <p class="meaning" data-testid="meaning">
        {open.packet.meaning}
      </p>
      <input type="text" autocomplete="username" value={me.value?.username ?? ""} hidden readOnly />
      <label>
        {t("submit.password")}
        <input
          type="password"
          autocomplete="current-password"
          autofocus
          required
          value={password.value}
          data-testid="submit-password"
          onInput={(event) => (password.value = event.currentTarget.value)}
        />
      </label>
      {submitError.value !== null && (
        <p class="error" role="alert" data-testid="submit-error">
          {submitError.value}
        </p>
      )}
      <footer>
        <span class="quiet-text">{t("submit.final")}</span>
        <button type="submit" class="primary" disabled={isSubmitting.value} data-testid="sign">
          {isSubmitting.value
            ? t("submit.signing")
            : t("submit.sign", { number: open.packet.read.number })}
        </button>
      </footer>
    </form>
  );
}
