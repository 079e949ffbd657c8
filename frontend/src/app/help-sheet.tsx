import { Dialog } from "@/components/dialog";
import { Keys } from "@/components/keys";
import { useRegisteredShortcuts } from "@/lib/shortcuts";

/** The keys that work here and now. */
export function HelpSheet({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const shortcuts = useRegisteredShortcuts();
  const groups = Map.groupBy(shortcuts, (shortcut) => shortcut.group);
  return (
    <Dialog isOpen={isOpen} onClose={onClose} title="Keyboard shortcuts" size="lg">
      <div className="gap-8 sm:columns-2">
        {[...groups].map(([group, members]) => (
          <section key={group} aria-label={group} className="mb-5 break-inside-avoid">
            <h3 className="mb-1 text-sm text-quiet">{group}</h3>
            <dl>
              {members.map(({ keys, title }) => (
                <div key={keys} className="flex min-h-8 items-center justify-between gap-4">
                  <dt>{title}</dt>
                  <dd>
                    <Keys keys={keys} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
