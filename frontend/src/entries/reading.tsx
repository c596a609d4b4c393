/** The reading room's page: finds its place on the page and opens the room there, until it is left. */
import "../styles/tokens.css";
import "../styles/room.css";

import { render } from "preact";

import { followFlow, isAsLoaded, onEachPage } from "../flow/flow";
import { speak } from "../i18n";
import { listenToKeys } from "../reading/keys";
import { browserPorts } from "../reading/ports";
import { Room } from "../reading/room";
import { showSigns } from "../reading/signs";
import { RoomView } from "../ui/room-view";

followFlow();
onEachPage(() => {
  const place = document.getElementById("reading-room");
  const study = place?.dataset.study;
  if (!place || study === undefined) return undefined; // another page of the reader's
  speak(place.dataset.language ?? "en");
  const packs = (place.dataset.packs ?? "").split(" ");
  const room = new Room(study, browserPorts(packs, isAsLoaded()), place.dataset.home);
  const ends = [showSigns(room), listenToKeys(room)];
  render(<RoomView room={room} />, place);
  void room.start();
  return async () => {
    render(null, place); // fields that were being typed in tell it
    ends.forEach((end) => end());
    await room.leave();
  };
});
