// Misdeed: throws while it is loaded.
// Expect: upload: diagnostic execute Error: not today (line 3)
throw new Error("not today");
