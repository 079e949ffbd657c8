export const ROLES = ["viewer", "editor", "admin"] as const;
export type RoleName = (typeof ROLES)[number];

/** What each role is called, and what it is for, in one sentence. */
export const ROLE_WORDS: Record<RoleName, { label: string; lead: string }> = {
  viewer: {
    label: "Viewer",
    lead: "Sees what is shared with them. Never SQL, never a schema, never editing.",
  },
  editor: {
    label: "Editor",
    lead: "Makes connections, writes SQL on those that are shared with them, and shares what they may edit.",
  },
  admin: {
    label: "Admin",
    lead: "Everything: people, groups, invitations, every object, and the audit record.",
  },
};

export const ROLE_OPTIONS = ROLES.map((value) => ({ value, label: ROLE_WORDS[value].label }));
