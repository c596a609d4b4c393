import type { VNode } from "preact";

import { t } from "../i18n";
import { QuestionForm } from "../questions/form";
import type { OpenCase } from "../reading/case";
import { perform } from "../reading/commands";
import { LEAST_HEIGHT_PX, LEAST_WIDTH_PX } from "../reading/display";
import { keyOf } from "../reading/own-keys";
import type { Room } from "../reading/room";
import { Bar } from "./bar";
import { FactsDialog } from "./facts-dialog";
import { SignInDialog } from "./sign-in";
import { FeedbackPanel } from "./feedback";
import { Loupe } from "./loupe";
import { KeySheet } from "./key-sheet";
import { MarksPanel } from "./marks-panel";
import { MeasuresPanel } from "./measures-panel";
import { Panes } from "./panes";
import { ProblemDialog } from "./problem-dialog";
import { ProposalPanel } from "./proposal-panel";
import { RatingPopover } from "./rating-popover";
import { Screen } from "./screens";
import { SubmitDialog } from "./submit-dialog";
import { TestNotice, TestResultPanel } from "./test-notice";
import { TourView } from "./tour";

/** The whole reading room. */
export function RoomView({ room }: { room: Room }): VNode {
  const { phase, openCase, viewing, isBare, isOnBreak, needsSignIn } = room.state;
  const open = openCase.value;
  const isReading = phase.value.name === "reading" && open !== null;
  return (
    <div class={`room${isBare.value ? " is-bare" : ""}`}>
      {open && viewing.value && (
        <div
          class={classOf(open)}
          inert={!isReading || isOnBreak.value}
        >
          <Bar room={room} viewing={viewing.value} />
          <Panes room={room} viewing={viewing.value} />
          <SidePanel room={room} open={open} />
          <Foot room={room} open={open} />
          {viewing.value.isLoupe.value && <Loupe viewing={viewing.value} />}
          {room.state.rating.value && (
            <RatingPopover room={room} viewing={viewing.value} rating={room.state.rating.value} />
          )}
        </div>
      )}
      <Screen room={room} phase={isReading && !viewing.value ? { name: "opening" } : phase.value} />
      {isReading && <Dialogs room={room} open={open} />}
      {isReading && <TourView room={room} />}
      {room.state.areGraphicsLost.value && <GraphicsLost />}
      {isOnBreak.value && <BreakScreen room={room} />}
      {needsSignIn.value && <SignInDialog room={room} />}
    </div>
  );
}

/** Where the questions stand is the study's choice. */
function classOf(open: OpenCase): string {
  return open.packet.hanging.questions === "beside" ? "case has-questions-beside" : "case";
}

function SidePanel({ room, open }: { room: Room; open: OpenCase }): VNode {
  const ai = open.ai.value;
  const feedback = room.state.feedback.value;
  const result = room.state.testResult.value;
  const test = open.packet.read.test;
  return (
    <aside class="panel">
      {open.isReadOnly.value && !feedback && !result && <OtherWindow room={room} />}
      {room.state.setback.value !== null && (
        <p class="warning" role="alert" data-testid="setback">
          {room.state.setback.value}
        </p>
      )}
      {room.state.isWindowSmall.value && (
        <p class="warning" role="status" data-testid="window-small">
          {t("display.small", { width: LEAST_WIDTH_PX, height: LEAST_HEIGHT_PX })}
        </p>
      )}
      {test && !result && <TestNotice place={test} />}
      {feedback && <FeedbackPanel room={room} feedback={feedback} />}
      {result && <TestResultPanel room={room} result={result} />}
      <MarksPanel room={room} open={open} />
      {ai && <ProposalPanel room={room} open={open} ai={ai} />}
      <MeasuresPanel room={room} open={open} />
    </aside>
  );
}

/** Another window has the read: this one may look. */
function OtherWindow({ room }: { room: Room }): VNode {
  return (
    <div class="panel-part notice" role="alert" data-testid="other-window">
      <h2>{t("other.title")}</h2>
      <p>{t("other.help")}</p>
      <button type="button" class="primary" data-testid="take-over" onClick={() => void room.takeOver()}>
        {t("other.take")}
      </button>
    </div>
  );
}

function Foot({ room, open }: { room: Room; open: OpenCase }): VNode {
  return (
    // Where nothing in it takes the keys, it takes them itself: it may have to be scrolled.
    <footer class="foot" tabIndex={open.isReadOnly.value ? 0 : undefined}>
      <QuestionForm
        key={`${open.packet.read.id} ${open.packet.read.fence}`}
        questions={open.packet.questions}
        answers={open.draft.value.answers}
        isReadOnly={open.isReadOnly.value}
        onAnswer={(key, value) => open.answer(key, value)}
      />
      <button
        type="button"
        class="primary submit"
        disabled={open.isReadOnly.value}
        title={`${t("command.submit.open")} (${keyOf(room, "submit.open")})`}
        data-testid="submit"
        onClick={() => perform(room, "submit.open")}
      >
        {t("submit.open")}
      </button>
    </footer>
  );
}

function Dialogs({ room, open }: { room: Room; open: OpenCase }): VNode | null {
  switch (room.state.dialog.value) {
    case "keys":
      return <KeySheet room={room} />;
    case "submit":
      return <SubmitDialog room={room} open={open} />;
    case "problem":
      return <ProblemDialog room={room} />;
    case "facts":
      return <FactsDialog room={room} open={open} />;
    case null:
      return null;
  }
}

/** The graphics were lost: what is on the screen cannot be trusted, and nothing else is lost. */
function GraphicsLost(): VNode {
  return (
    <div class="break" role="alertdialog" aria-modal="true" aria-label={t("graphics.title")} data-testid="graphics-lost">
      <p>{t("graphics.help")}</p>
      <button type="button" autofocus onClick={() => location.reload()}>
        {t("graphics.reload")}
      </button>
    </div>
  );
}

/** Black, one line, one button. */
function BreakScreen({ room }: { room: Room }): VNode {
  return (
    <div class="break" role="dialog" aria-modal="true" aria-label={t("break.title")} data-testid="break-screen">
      <p>{t("break.help")}</p>
      <button type="button" autofocus data-testid="end-break" onClick={() => room.endBreak()}>
        {t("break.end")}
      </button>
    </div>
  );
}
