import { Command as Palette } from "cmdk";
import { Search } from "lucide-react";
import { Keys } from "@/components/keys";
import { type Command, useRegisteredCommands } from "@/lib/commands";

/** What the palette's dialog holds: a field, and the commands that match. */
export function CommandPalette({ onDone }: { onDone: () => void }) {
  const commands = useRegisteredCommands();
  const groups = Map.groupBy(commands, (command) => command.group);
  const run = (command: Command) => {
    onDone();
    command.run();
  };
  return (
    <Palette label="Commands" loop className="flex max-h-[70dvh] flex-col">
      <div className="flex items-center gap-3 border-b border-line px-4">
        <Search aria-hidden size={18} className="shrink-0 text-quiet" />
        <Palette.Input
          autoFocus
          placeholder="Where to, or what to do?"
          className="h-13 w-full min-w-0 bg-transparent text-lg outline-none placeholder:text-quiet"
        />
      </div>
      <Palette.List className="overflow-y-auto overscroll-contain p-2">
        <Palette.Empty className="px-3 py-8 text-center text-quiet">
          No command has these words.
        </Palette.Empty>
        {[...groups].map(([group, members]) => (
          <Palette.Group
            key={group}
            heading={group}
            className="[&_[cmdk-group-heading]]:px-3 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-quiet"
          >
            {members.map((command) => (
              <Palette.Item
                key={command.id}
                value={`${command.group} ${command.title} ${command.id}`}
                keywords={command.keywords ?? []}
                onSelect={() => run(command)}
                className="flex min-h-9 cursor-pointer items-center gap-3 rounded-md px-3 py-1.5 data-[selected=true]:bg-hover"
              >
                {command.icon && <command.icon aria-hidden size={16} className="text-quiet" />}
                <span className="flex-1">{command.title}</span>
                {command.keys && <Keys keys={command.keys} />}
              </Palette.Item>
            ))}
          </Palette.Group>
        ))}
      </Palette.List>
    </Palette>
  );
}
