import type { ComponentChildren, VNode } from "preact";

import { languages, speak, t, tongue } from "../i18n";
import { perform } from "../reading/commands";
import { chooseStyle, stylesOf } from "../reading/heat";
import { MEASURE_TOOLS } from "../reading/measuring";
import { keyOf } from "../reading/own-keys";
import type { Room } from "../reading/room";
import { BRUSHES_MM } from "../reading/segmenting";
import { SLABS_MM, type Viewing } from "../reading/viewing";
import { windowName } from "../reading/window-names";
import { letGo } from "./focus";
import { Icon } from "./icons";

/** Everything that is used now and then: one button in the bar, one calm sheet below it. */
export function MoreMenu({ room, viewing }: { room: Room; viewing: Viewing }): VNode {
  return (
    <>
      <button
        type="button"
        class="icon-button"
        popovertarget="more-menu"
        aria-label={t("more.title")}
        title={t("more.title")}
        data-testid="more"
      >
        <Icon name="more" />
      </button>
      <div id="more-menu" class="menu" popover="auto" data-testid="more-menu">
        <Measures room={room} viewing={viewing} />
        <Segments room={room} viewing={viewing} />
        <Windows viewing={viewing} />
        <Slabs room={room} viewing={viewing} />
        <Part title={t("more.look")}>
          <Item
            isChosen={viewing.cine.isRunning.value}
            onClick={() => viewing.cine.toggle()}
            shortcut={keyOf(room, "cine.toggle")}
          >
            {t("more.cine")}
          </Item>
          <Item
            isChosen={viewing.isLoupe.value}
            onClick={() => perform(room, viewing.isLoupe.value ? "loupe.hide" : "loupe.show")}
            shortcut={keyOf(room, "loupe.show")}
          >
            {t("more.loupe")}
          </Item>
        </Part>
        <ProposalStyles room={room} />
        <Languages room={room} />
      </div>
    </>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }): VNode {
  return (
    <section role="group" aria-label={title}>
      <h3>{title}</h3>
      <div class="items">{children}</div>
    </section>
  );
}

interface ItemProps {
  isChosen: boolean;
  onClick: () => void;
  shortcut?: string;
  lang?: string;
  testId?: string;
  children: ComponentChildren;
}

function Item({ isChosen, onClick, shortcut, lang, testId, children }: ItemProps): VNode {
  return (
    <button
      type="button"
      class="word-button"
      aria-pressed={isChosen}
      lang={lang}
      data-testid={testId}
      onClick={(event) => {
        letGo(event);
        onClick();
      }}
    >
      {children} {shortcut && <kbd>{shortcut}</kbd>}
    </button>
  );
}

function Measures({ room, viewing }: { room: Room; viewing: Viewing }): VNode {
  const { pointer } = viewing;
  const keys: Readonly<Record<string, string>> = {
    length: keyOf(room, "tool.length"),
    bidirectional: keyOf(room, "tool.bidirectional"),
  };
  return (
    <Part title={t("more.measure")}>
      {MEASURE_TOOLS.map((tool) => (
        <Item
          key={tool}
          isChosen={pointer.tool.value === tool}
          onClick={() => pointer.choose(tool)}
          testId={`tool-${tool}`}
          {...(keys[tool] ? { shortcut: keys[tool] } : {})}
        >
          {t(`tool.${tool}`)}
        </Item>
      ))}
    </Part>
  );
}

const BRUSHES = [
  { tool: "paint", command: "tool.paint" },
  { tool: "erase", command: "tool.erase" },
] as const;

/** Drawing the selected mark: as the picture shows it, then with a round brush. */
function Segments({ room, viewing }: { room: Room; viewing: Viewing }): VNode {
  const { pointer } = viewing;
  const { brush_mm } = pointer.segmenting;
  return (
    <Part title={t("more.segment")}>
      <Item
        isChosen={false}
        onClick={() => perform(room, "mark.size")}
        shortcut={keyOf(room, "mark.size")}
      >
        {t("more.from_image")}
      </Item>
      {BRUSHES.map(({ tool, command }) => (
        <Item
          key={tool}
          isChosen={pointer.tool.value === tool}
          onClick={() => perform(room, command)}
          testId={`tool-${tool}`}
          shortcut={keyOf(room, command)}
        >
          {t(`tool.${tool}`)}
        </Item>
      ))}
      {BRUSHES_MM.map((radius) => (
        <Item
          key={radius}
          isChosen={brush_mm.value === radius}
          onClick={() => (brush_mm.value = radius)}
          testId={`brush-${radius}`}
        >
          {t("more.brush_mm", { width: 2 * radius })}
        </Item>
      ))}
    </Part>
  );
}

function Windows({ viewing }: { viewing: Viewing }): VNode {
  const now = viewing.views.value[viewing.active.value]?.window.map(Math.round).join("/");
  return (
    <Part title={t("more.window")}>
      {viewing.windows().map(([name, window], number) => (
        <Item
          key={name}
          isChosen={now === window.map(Math.round).join("/")}
          onClick={() => viewing.usePreset(number)}
        >
          {windowName(name)}
        </Item>
      ))}
    </Part>
  );
}

function Slabs({ room, viewing }: { room: Room; viewing: Viewing }): VNode {
  const now = viewing.views.value[viewing.active.value]?.slab_mm ?? 0;
  return (
    <Part title={t("more.slab")}>
      {SLABS_MM.map((thickness) => (
        <Item
          key={thickness}
          isChosen={now === thickness}
          onClick={() => {
            if (room.loading.isReady.value) void viewing.setSlab(thickness);
          }}
          testId={`slab-${thickness}`}
        >
          {thickness === 0 ? t("more.slab_none") : t("more.slab_mm", { thickness })}
        </Item>
      ))}
    </Part>
  );
}

/** Only where there are proposals: a control arm's menu does not know of them (R2). */
function ProposalStyles({ room }: { room: Room }): VNode | null {
  const open = room.state.openCase.value;
  if (open?.packet.ai === undefined) return null;
  const { proposalStyle } = room.state;
  return (
    <Part title={t("more.proposals")}>
      {stylesOf(open).map((style) => (
        <Item
          key={style}
          isChosen={proposalStyle.value === style}
          onClick={() => chooseStyle(room, style)}
        >
          {t(`more.style.${style as "box"}`)}
        </Item>
      ))}
    </Part>
  );
}

function Languages({ room }: { room: Room }): VNode {
  return (
    <Part title={t("more.language")}>
      {languages.map(({ tag, name, ofSite }) => (
        <Item
          key={tag}
          lang={tag}
          isChosen={tongue.value === tag}
          onClick={() => {
            speak(tag);
            // Without a server it is the language of this page only: words, not work.
            room.ports.api.setLanguage(ofSite).catch(() => undefined);
            room.record("tool", { language: tag });
          }}
          testId={`language-${tag}`}
        >
          {name}
        </Item>
      ))}
    </Part>
  );
}
