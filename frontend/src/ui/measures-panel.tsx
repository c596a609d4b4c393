import type { VNode } from "preact";

import { t } from "../i18n";
import type { OpenCase } from "../reading/case";
import type { Measure } from "../reading/draft";
import { allOf } from "../reading/hanging";
import { linesOf, unitOf } from "../reading/measure-words";
import { keyOf } from "../reading/own-keys";
import type { Room } from "../reading/room";
import { letGo, useSight } from "./focus";
import { IconButton } from "./icons";

/**
 * The reader's measurements, where there are any: a click shows one. Last in the panel, so that
 * nothing moves when one is made.
 */
export function MeasuresPanel({ room, open }: { room: Room; open: OpenCase }): VNode | null {
  const { measures } = open.draft.value;
  if (measures.length === 0) return null;
  return (
    <section class="panel-part measures" aria-labelledby="measures-title" data-testid="measures">
      <h2 id="measures-title">
        {t("measures.title")} <span class="count">{measures.length}</span>
      </h2>
      <ol class="rows">
        {measures.map((each) => (
          <MeasureRow key={each.measure_id} room={room} open={open} measure={each} />
        ))}
      </ol>
    </section>
  );
}

function MeasureRow({ room, open, measure }: { room: Room; open: OpenCase; measure: Measure }): VNode {
  const isSelected = open.selectedMeasure.value === measure.measure_id;
  const series = allOf(open.packet).find((each) => each.id === measure.series);
  const [value] = linesOf(measure, unitOf(series?.role));
  const name = t(`tool.${measure.tool}`);
  const row = useSight<HTMLLIElement>(isSelected);
  return (
    <li ref={row} class={isSelected ? "row is-selected" : "row"}>
      <button
        type="button"
        class="row-main"
        aria-current={isSelected}
        onClick={(event) => {
          letGo(event);
          open.selectedMeasure.value = measure.measure_id;
          const [first] = measure.points_mm;
          if (first) room.state.viewing.value?.jump(first, series);
        }}
      >
        <span class="name">{name}</span>
        <span class="size">{value}</span>
      </button>
      {!open.isReadOnly.value && (
        <IconButton
          icon="remove"
          label={t("measures.remove", { name: `${name} ${value}` })}
          {...(isSelected ? { shortcut: keyOf(room, "mark.remove") } : {})}
          onClick={() => open.removeMeasure(measure.measure_id)}
          testId="remove-measure"
        />
      )}
    </li>
  );
}
