import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { Problem } from "@/api/problem";
import { Button } from "./button";
import { Field, PasswordInput, TextInput } from "./field";
import { errorAt, FormProblem } from "./form-problem";

function invalid(...paths: string[]): Problem {
  return new Problem({
    type: "urn:heliograph:error:request_invalid",
    title: "Request invalid",
    status: 422,
    code: "request_invalid",
    detail: "The body does not say what it should.",
    errors: paths.map((path) => ({ path, message: "is required" })),
    request_id: "req-1",
  });
}

test("a field's hint and message belong to its control", () => {
  render(
    <Field label="Email" hint="You sign in with it." error={errorAt(invalid("/email"), "/email")}>
      {(control) => <TextInput {...control} />}
    </Field>,
  );
  const input = screen.getByLabelText("Email");
  const described = (input.getAttribute("aria-describedby") ?? "").split(" ");
  expect(described.map((id) => document.getElementById(id)?.textContent)).toEqual([
    "You sign in with it.",
    "Is required.",
  ]);
  expect(input.getAttribute("aria-invalid")).toBe("true");
});

test("a field without a message is not marked", () => {
  render(<Field label="Email">{(control) => <TextInput {...control} />}</Field>);
  expect(screen.getByLabelText("Email").getAttribute("aria-invalid")).toBeNull();
  expect(screen.queryByRole("alert")).toBeNull();
});

test("a form shows what no field shows, and nothing twice", () => {
  const { rerender } = render(<FormProblem error={invalid("/email")} shown={["/email"]} />);
  expect(screen.queryByRole("alert")).toBeNull();
  rerender(<FormProblem error={invalid("/email", "/token")} shown={["/email"]} />);
  expect(screen.getByRole("alert").textContent).toContain("The body does not say what it should.");
});

test("a password can be looked at", async () => {
  render(<Field label="Password">{(control) => <PasswordInput {...control} />}</Field>);
  const input = screen.getByLabelText<HTMLInputElement>("Password");
  expect(input.type).toBe("password");
  await userEvent.click(screen.getByRole("button", { name: "Show the password" }));
  expect(input.type).toBe("text");
});

test("a button whose work is going on keeps its name and does nothing", async () => {
  const onClick = vi.fn();
  const { rerender } = render(<Button onClick={onClick}>Save</Button>);
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  rerender(
    <Button onClick={onClick} isPending>
      Save
    </Button>,
  );
  await userEvent.click(screen.getByRole("button"));
  expect(onClick).toHaveBeenCalledTimes(1);
  expect(screen.getByRole("button").getAttribute("aria-busy")).toBe("true");
  expect(screen.getByRole("button").textContent).toContain("Save");
});
