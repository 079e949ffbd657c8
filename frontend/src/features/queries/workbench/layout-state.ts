import { useState } from "react";

export interface LayoutState {
  treeWidth: number;
  isTreeOpen: boolean;
  editorHeight: number;
}

const KEY = "heliograph.editor-layout";
const START: LayoutState = { treeWidth: 264, isTreeOpen: true, editorHeight: 260 };

/** How the person has arranged the panes; kept in this browser. */
export function useLayoutState(): [LayoutState, (change: Partial<LayoutState>) => void] {
  const [layout, setLayout] = useState(read);
  const change = (part: Partial<LayoutState>) => {
    const next = { ...layout, ...part };
    setLayout(next);
    try {
      localStorage.setItem(KEY, JSON.stringify(next));
    } catch {
      // Storage is forbidden here: the arrangement lasts as long as the page.
    }
  };
  return [layout, change];
}

function read(): LayoutState {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<LayoutState>;
    return {
      treeWidth: typeof kept.treeWidth === "number" ? kept.treeWidth : START.treeWidth,
      isTreeOpen: typeof kept.isTreeOpen === "boolean" ? kept.isTreeOpen : START.isTreeOpen,
      editorHeight: typeof kept.editorHeight === "number" ? kept.editorHeight : START.editorHeight,
    };
  } catch {
    return START;
  }
}
