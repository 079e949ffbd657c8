import { describe, expect, test } from "vitest";
import { readConnectionUrl } from "./connection-url";

function parts(text: string) {
  const reading = readConnectionUrl(text);
  return "parts" in reading ? reading.parts : reading;
}

describe("an address of a database", () => {
  test("fills every field", () => {
    expect(parts("postgresql://reader:s3cret@db.example:6543/shop?sslmode=verify-full")).toEqual({
      username: "reader",
      password: "s3cret",
      host: "db.example",
      port: "6543",
      database: "shop",
      sslMode: "verify-full",
    });
  });

  test("says nothing of what it leaves out", () => {
    expect(parts("postgres://db.example")).toEqual({ host: "db.example" });
  });

  test("is decoded where it is percent-encoded", () => {
    expect(parts("postgresql://r%40x:p%3A%2F%25@h/my%20shop")).toEqual({
      username: "r@x",
      password: "p:/%",
      host: "h",
      database: "my shop",
    });
  });

  test("may have an IPv6 host, blanks around it, and the scheme of JDBC", () => {
    expect(parts("  jdbc:postgresql://[2001:db8::1]:5432/shop \n")).toEqual({
      host: "2001:db8::1",
      port: "5432",
      database: "shop",
    });
  });

  test("may say everything in its parameters", () => {
    expect(parts("postgresql:///?host=h&port=1&dbname=d&user=u&password=p")).toEqual({
      host: "h",
      port: "1",
      database: "d",
      username: "u",
      password: "p",
    });
  });

  test.each([
    ["ssl=true", "require"],
    ["sslmode=allow", "prefer"],
  ])("understands %s as %s", (query, mode) => {
    expect(parts(`postgresql://h/d?${query}`)).toEqual({ host: "h", database: "d", sslMode: mode });
  });

  test("names the parameters that have no field", () => {
    const reading = readConnectionUrl("postgresql://h/d?application_name=x&connect_timeout=3");
    expect(reading).toMatchObject({ left: ["application_name", "connect_timeout"] });
  });
});

describe("what is no address of a database", () => {
  test.each(["db.example", "mysql://h/d", "", "see postgresql://h/d"])(
    "%j is left alone",
    (text) => {
      expect(readConnectionUrl(text)).toEqual({ isUrl: false });
    },
  );

  test.each([
    ["postgresql://u:p@one,two/d", /several hosts/],
    ["postgresql://u:p@ss@h/d", /percent-encoded/],
    ["postgresql://u:50%@h/d", /hexadecimal/],
    ["postgresql://h/d?sslmode=maybe", /sslmode/],
    ["postgresql:///d?host=%2Ftmp", /socket/],
    ["postgresql://h:port/d", /cannot be read/],
  ])("%s is refused with a reason, without its password", (text, reason) => {
    const reading = readConnectionUrl(text);
    expect(reading).toHaveProperty("problem");
    expect("problem" in reading && reading.problem).toMatch(reason);
    expect(JSON.stringify(reading)).not.toMatch(/u:p|50%@/);
  });
});
