import { type Ref, useEffect, useId, useImperativeHandle, useLayoutEffect, useRef } from "react";
import type { GridHandlers, GridProps } from "./grid-props";
import { GridView } from "./grid-view";

export interface GridHandle {
  focus: () => void;
  view: () => GridView | null;
}

/** A table of any number of rows, for the keyboard and the mouse: see `GridView`. */
export function Grid({
  ref,
  handlers,
  ...props
}: GridProps & { handlers: GridHandlers; ref?: Ref<GridHandle> }) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<GridView | null>(null);
  const latest = useRef(handlers);
  const id = useId();
  useLayoutEffect(() => {
    latest.current = handlers;
  });
  useLayoutEffect(() => {
    const made = new GridView(id, forward(latest));
    view.current = made;
    host.current?.append(made.element);
    return () => {
      made.destroy();
      view.current = null;
    };
  }, [id]);
  const { label, source, layout, sorted, filtered, isSortable } = props;
  useEffect(() => {
    view.current?.update({ label, source, layout, sorted, filtered, isSortable });
  }, [label, source, layout, sorted, filtered, isSortable]);
  useImperativeHandle(
    ref,
    () => ({ focus: () => view.current?.focus(), view: () => view.current }),
    [],
  );
  return <div ref={host} className="h-full min-h-0 min-w-0" />;
}

/** The view lives longer than one rendering, so it always calls the handlers of the last one. */
function forward(latest: { current: GridHandlers }): GridHandlers {
  return {
    onSelect: (...all) => latest.current.onSelect(...all),
    onSort: (...all) => latest.current.onSort(...all),
    onMenu: (...all) => latest.current.onMenu(...all),
    onOpen: (...all) => latest.current.onOpen(...all),
    onLayout: (...all) => latest.current.onLayout(...all),
    onCopy: (...all) => latest.current.onCopy(...all),
  };
}
