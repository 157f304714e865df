// What every page gets: times in the reader's zone, regions that renew themselves, a menu that closes.
import { closeMenus } from "./page/menu.js";
import { renewRegions } from "./page/renewal.js";
import { localiseTimes } from "./page/times.js";

localiseTimes(document);
renewRegions();
closeMenus();
