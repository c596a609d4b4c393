import type { VNode } from "preact";
import { useSignal } from "@preact/signals";

import { t } from "../i18n";
import { reportProblem } from "../reading/reporting";
import type { Room } from "../reading/room";
import { Dialog } from "./dialog";

/** Tell the coordinator what is wrong with a case. */
export function ProblemDialog({ room }: { room: Room }): VNode {
  const words = useSignal("");
  const error = useSignal<string | null>(null);
  const isSent = useSignal(false);
  const close = (): void => void (room.state.dialog.value = null);
  const send = async (): Promise<void> => {
    error.value = await reportProblem(room, words.value.trim());
    isSent.value = error.value === null;
  };
  if (isSent.value) {
    return (
      <Dialog title={t("problem.title")} testId="problem-dialog" onClose={close}>
        <p role="status">{t("problem.sent")}</p>
        <footer>
          <button type="button" class="primary" autofocus onClick={close}>
            {t("dialog.close")}
          </button>
        </footer>
      </Dialog>
    );
  }
  return (
    <Dialog title={t("problem.title")} testId="problem-dialog" onClose={close}>
      <form
        class="signature"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <label>
          {t("problem.words")}
          <textarea
            rows={4}
            required
            autofocus
            maxLength={2000}
            value={words.value}
            onInput={(event) => (words.value = event.currentTarget.value)}
          />
        </label>
        <p class="quiet-text">{t("problem.help")}</p>
        {error.value !== null && (
          <p class="error" role="alert">
            {error.value}
          </p>
        )}
        <footer>
          <button type="submit" class="primary" disabled={!words.value.trim()}>
            {t("problem.send")}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
