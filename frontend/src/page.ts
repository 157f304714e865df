// What every page gets: times in the reader's zone, regions that renew themselves, a menu that closes, and news of the
// reader's hands.
import { closeMenus } from "./page/menu.js";
import { reportPresence } from "./page/presence.js";
import { renewRegions } from "./page/renewal.js";
import { localiseTimes } from "./page/times.js";

localiseTimes(document);
renewRegions();
closeMenus();
if (document.querySelector("form[action='/sign-out']")) reportPresence();
