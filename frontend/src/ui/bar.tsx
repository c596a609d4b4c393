import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";

import { t } from "../i18n";
import { perform, type CommandName } from "../reading/commands";
import { linkPrior, turnExamination } from "../reading/comparison";
import { inHangingOrder, type LayoutName } from "../reading/hanging";
import { keyOf } from "../reading/own-keys";
import type { Pointer } from "../reading/pointer";
import type { Room } from "../reading/room";
import type { Viewing } from "../reading/viewing";
import type { Tool } from "../viewer/gestures";
import { DeedTools } from "./deed-tools";
import { letGo } from "./focus";
import { Icon, IconButton, type IconName } from "./icons";
import { MoreMenu } from "./more-menu";

const MINUTE_MS = 60_000;
const REST_PROMPT_MIN = 45; // where the protocol names no limit
const TOOLS = [
  { tool: "window", icon: "window" },
  { tool: "mark", icon: "mark" },
  { tool: "zoom", icon: "zoom" },
  { tool: "pan", icon: "pan" },
  { tool: "scroll", icon: "scroll" },
  { tool: "length", icon: "measure" },
  { tool: "bidirectional", icon: "bidirectional" },
] as const satisfies readonly { tool: Tool; icon: IconName }[];
const LAYOUTS: readonly LayoutName[] = ["one", "two", "four", "main", "planes"];
const WITH_PRIOR: readonly LayoutName[] = [...LAYOUTS, "prior", "prior_four"];

/** The one bar on top: where the reader stands, and the tools of looking. */
export function Bar({ room, viewing }: { room: Room; viewing: Viewing | null }): VNode {
  const open = room.state.openCase.value;
  return (
    <header class="bar">
      <a class="icon-button" href={room.home} aria-label={t("bar.home")} title={t("bar.home")}>
        <Icon name="home" />
      </a>
      {open && (
        <div class="where" data-testid="where">
          <h1>{t("bar.case", { number: open.packet.read.number, of: open.packet.read.of })}</h1>
          {open.packet.read.is_training && (
            <span class="tag">{t(open.packet.read.test ? "bar.test" : "bar.training")}</span>
          )}
          <SessionTime
            began_ms={room.state.began_ms.value}
            limit_min={room.state.sittingLimit_min.value}
          />
          <Saved room={room} />
        </div>
      )}
      <div class="stretch" />
      {viewing && <LookingTools room={room} viewing={viewing} />}
      <div class="stretch" />
      <CaseTools room={room} />
    </header>
  );
}

interface SessionTimeProps {
  began_ms: number;
  limit_min: number;
}

/** How long the reader has been sitting, and calmly that a rest is due (R10). */
function SessionTime({ began_ms, limit_min }: SessionTimeProps): VNode {
  const minutes = useSignal(0);
  useEffect(() => {
    const tell = (): void => {
      minutes.value = Math.floor((Date.now() - began_ms) / MINUTE_MS);
    };
    tell();
    const timer = setInterval(tell, MINUTE_MS / 4);
    return () => clearInterval(timer);
  }, [began_ms, minutes]);
  const isDue = minutes.value >= (limit_min || REST_PROMPT_MIN);
  const words = limit_min
    ? t("bar.session_of", { minutes: minutes.value, limit: limit_min })
    : t("bar.session", { minutes: minutes.value });
  return (
    <>
      <span class="quiet-text" title={t("bar.session_name")} data-testid="session-time">
        {words}
      </span>
      {isDue && (
        <span
          class="tag"
          role="status"
          title={t("bar.rest", { minutes: minutes.value })}
          data-testid="rest-due"
        >
          {t(limit_min ? "bar.rest_after" : "bar.rest_soon")}
        </span>
      )}
    </>
  );
}

function Saved({ room }: { room: Room }): VNode {
  const { state, unsent } = room.state.saved.value;
  const words =
    state === "kept" ? t("saved.kept", { count: unsent }) : t(`saved.${state}`);
  return (
    <span class={`saved is-${state}`} role="status" data-testid="saved">
      {room.state.isDurable.value ? words : t("saved.not_durable")}
    </span>
  );
}

/** What a drag does: until a tool is chosen a finger leafs, where there is nothing but fingers. */
function toolInHand({ tool, isChosen }: Pointer): Tool {
  const hasMouse = matchMedia("(any-pointer: fine) and (hover: hover)").matches;
  return isChosen.value || hasMouse ? tool.value : "scroll";
}

function LookingTools({ room, viewing }: { room: Room; viewing: Viewing }): VNode {
  const { pointer, comparison } = viewing;
  return (
    <>
      <div class="group" role="group" aria-label={t("bar.tools")}>
        {TOOLS.map(({ tool, icon }) => (
          <IconButton
            key={tool}
            icon={icon}
            label={t(`tool.${tool}`)}
            shortcut={keyOf(room, `tool.${tool}`)}
            isPressed={toolInHand(pointer) === tool}
            isForFingers={tool === "scroll"}
            onClick={() => pointer.choose(tool)}
            testId={`tool-${tool}`}
          />
        ))}
      </div>
      <div class="group">
        <Switch room={room} icon="invert" name="tool.invert" command="window.invert" />
        <Switch room={room} icon="fit" name="tool.fit" command="view.fit" />
        <IconButton
          icon="cross"
          label={t("tool.cross")}
          shortcut={keyOf(room, "view.cross")}
          isPressed={viewing.isCross.value}
          onClick={() => viewing.toggleCross()}
        />
        <IconButton
          icon="link"
          label={t("tool.link")}
          shortcut={keyOf(room, "view.link")}
          isPressed={viewing.isLinked.value}
          onClick={() => viewing.toggleLink()}
          testId="link"
        />
        {comparison.series.some((each) => comparison.tieOf(each) !== "shared") && (
          <IconButton
            icon="link_prior"
            label={t(comparison.shift.value ? "prior.unlink" : "prior.link")}
            shortcut={keyOf(room, "view.link_prior")}
            isPressed={comparison.shift.value !== null}
            onClick={() => linkPrior(viewing)}
            testId="link-prior"
          />
        )}
      </div>
      <DeedTools room={room} viewing={viewing} />
      <MoreMenu room={room} viewing={viewing} />
      <SeriesChoice room={room} viewing={viewing} />
      <LayoutChoice room={room} viewing={viewing} />
    </>
  );
}

function LayoutChoice({ room, viewing }: { room: Room; viewing: Viewing }): VNode {
  const layouts = viewing.comparison.prior.value ? WITH_PRIOR : LAYOUTS;
  return (
    <div class="group" role="group" aria-label={t("bar.layout")}>
      {layouts.map((layout) => (
        <IconButton
          key={layout}
          icon={layout as IconName}
          label={t(`layout.${layout as "one"}`)}
          shortcut={keyOf(room, layout === "planes" ? "view.planes" : "view.layout")}
          isPressed={viewing.layout.value === layout}
          isDisabled={layout === "planes" && !room.loading.isReady.value}
          onClick={() => void viewing.setLayout(layout)}
          testId={`layout-${layout}`}
        />
      ))}
    </div>
  );
}

interface SwitchProps {
  room: Room;
  icon: IconName;
  name: "tool.invert" | "tool.fit";
  command: CommandName;
}

function Switch({ room, icon, name, command }: SwitchProps): VNode {
  const act = (): void => perform(room, command);
  return <IconButton icon={icon} label={t(name)} shortcut={keyOf(room, command)} onClick={act} />;
}

/** Which series the active pane shows. */
function SeriesChoice({ room, viewing }: { room: Room; viewing: Viewing }): VNode {
  const packet = room.state.openCase.value?.packet;
  const { comparison } = viewing;
  const shown = viewing.hung.value[viewing.active.value]?.series.id;
  const isPrior = comparison.isPrior(shown);
  const of = isPrior ? comparison.series : (packet?.series ?? []);
  const series = inHangingOrder(of, packet?.hanging.roles);
  return (
    <div class="group" role="group" aria-label={t("bar.series")}>
      {series.map((each) => (
        <button
          key={each.id}
          type="button"
          class="word-button"
          aria-pressed={each.id === shown}
          title={each.description}
          data-testid={`series-${each.role}`}
          onClick={(event) => {
            letGo(event);
            void viewing.showSeries(each);
          }}
        >
          {t(`role.${each.role}`)}
        </button>
      ))}
      {comparison.prior.value && (
        <button
          type="button"
          class="word-button"
          aria-pressed={isPrior}
          title={`${t("command.view.prior")} (${keyOf(room, "view.prior")})`}
          data-testid="turn-prior"
          onClick={(event) => {
            letGo(event);
            void turnExamination(viewing);
          }}
        >
          {t("prior.turn")}
        </button>
      )}
    </div>
  );
}

function CaseTools({ room }: { room: Room }): VNode {
  const { dialog } = room.state;
  return (
    <div class="group">
      <IconButton
        icon="facts"
        label={t("bar.facts")}
        onClick={() => (dialog.value = "facts")}
      />
      <IconButton
        icon="flag"
        label={t("bar.problem")}
        onClick={() => (dialog.value = "problem")}
        testId="report-problem"
      />
      <IconButton
        icon="keys"
        label={t("bar.keys")}
        shortcut={keyOf(room, "keys.show")}
        onClick={() => (dialog.value = "keys")}
        testId="show-keys"
      />
      <IconButton
        icon="pause"
        label={t("bar.break")}
        shortcut={keyOf(room, "break.take")}
        onClick={() => room.takeBreak()}
        testId="break"
      >
        {t("bar.break")}
      </IconButton>
    </div>
  );
}
