// Text from elsewhere, written so that it shows what is in it: the browser's half of src/cloudlet/escaping.py, which
// says why. A test compares both for every character.

const SHOWN_BY_NUMBER = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text with its control and format characters written by their numbers, all but the two joiners. */
export const escapeControls = (text: string): string => text.replace(SHOWN_BY_NUMBER, numbered);

function numbered(sign: string): string {
  const code = sign.codePointAt(0) ?? 0;
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0");
