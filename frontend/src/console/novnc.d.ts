// The types on DefinitelyTyped still name the path of noVNC before 1.5.
declare module "@novnc/novnc" {
  export { default } from "@novnc/novnc/lib/rfb";
}
