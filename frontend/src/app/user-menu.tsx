import { CircleQuestionMark, LogOut } from "lucide-react";
import type { User } from "@/api/session";
import { Menu } from "@/components/menu";
import { chooseTheme, useTheme } from "@/lib/theme";
import { signOut, themes } from "./app-commands";
import { UserButton } from "./user-button";

export interface UserMenuProps {
  user: User;
  isOpenAtFirst: boolean;
  onOpenHelp: () => void;
}

export function UserMenu({ user, isOpenAtFirst, onOpenHelp }: UserMenuProps) {
  const { choice } = useTheme();
  return (
    <Menu
      trigger={<UserButton name={user.name} />}
      isOpenAtFirst={isOpenAtFirst}
      header={
        <>
          <p className="font-medium">{user.name}</p>
          <p className="text-quiet">
            {user.email} · {user.role}
          </p>
        </>
      }
      items={[
        ...themes.map((theme) => ({
          label: theme.label,
          icon: theme.icon,
          isChecked: theme.choice === choice,
          onSelect: () => chooseTheme(theme.choice),
        })),
        "separator",
        { label: "Keyboard shortcuts", icon: CircleQuestionMark, onSelect: onOpenHelp },
        { label: "Sign out", icon: LogOut, onSelect: signOut },
      ]}
    />
  );
}
