/** The reading room's page: finds its place on the page and opens the room there. */
import "../styles/tokens.css";
import "../styles/room.css";

import { render } from "preact";

import { speak } from "../i18n";
import { listenToKeys } from "../reading/keys";
import { browserPorts } from "../reading/ports";
import { Room } from "../reading/room";
import { showSigns } from "../reading/signs";
import { RoomView } from "../ui/room-view";

const place = document.getElementById("reading-room");
const study = place?.dataset.study;
if (!place || study === undefined) {
  throw new Error("This page has no place for the reading room.");
}
speak(place.dataset.language ?? "en");
const packs = (place.dataset.packs ?? "").split(" ");
const room = new Room(study, browserPorts(packs), place.dataset.home);
showSigns(room);
listenToKeys(room);
render(<RoomView room={room} />, place);
void room.start();
