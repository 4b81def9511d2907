// SPDX-License-Identifier: Apache-2.0
#include "config/tree.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace ct::config {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

Document parse(std::string_view text) {
    auto document = Document::parse(text, "f.toml");
    EXPECT_TRUE(document) << document.error().to_string();
    return std::move(*document);
}

template <class T>
std::string error_of(const Result<T>& result) {
    return result ? "no error" : result.error().to_string();
}

// A folder that goes away with the test.
class Folder {
public:
    Folder() {
        std::string pattern = (fs::temp_directory_path() / "ct-config-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string write(const std::string& name, std::string_view text) const {
        const fs::path file = fs::path(path_) / name;
        fs::create_directories(file.parent_path());
        std::ofstream(file) << text;
        return file.string();
    }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

TEST(ConfigTree, ReadsEveryTypeItPromises) {
    const auto doc = parse(R"(
name = "payments"
count = 3
strict = true
wait = "5m"
units = ["a", "b"]
[inner]
x = "y"
)");
    const Node root = doc.root();
    EXPECT_EQ(root.get("name")->as_string().value(), "payments");
    EXPECT_EQ(root.get("count")->as_integer(0, 3).value(), 3);
    EXPECT_TRUE(root.get("strict")->as_bool().value());
    EXPECT_EQ(root.get("wait")->as_duration().value(), 5min);
    EXPECT_EQ(root.get("units")->as_strings().value(), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(root.get("inner")->is_table());
    EXPECT_EQ(root.get("inner")->get("x")->as_string().value(), "y");
    EXPECT_FALSE(root.get("absent"));
    EXPECT_FALSE(root.get("name")->get("x"));
}

TEST(ConfigTree, KeepsTheOrderOfTheFile) {
    const auto doc = parse("z = 1\na = 2\n[m]\nq = 1\nb = 2\n[c]\n");
    std::string order;
    for (const Node& table : {doc.root(), *doc.root().get("m")}) {
        const auto members = table.as_table().value();
        for (const auto& [key, node] : members)
            order += key;
    }
    EXPECT_EQ(order, "zamcqb");
}

TEST(ConfigTree, NamesFileLineAndKeyInEveryTypeError) {
    const auto doc = parse("[workload.payments]\nusers = 5\nttl = 1.5\nenv = [\"a\", 7]\n");
    const Node node = *doc.root().get("workload")->get("payments");
    EXPECT_EQ(error_of(node.get("users")->as_string()),
              "config_invalid: f.toml:2: workload.payments.users: expected a string in quotes, found an integer");
    EXPECT_EQ(error_of(node.get("users")->as_integer(6, 9)),
              "config_invalid: f.toml:2: workload.payments.users: expected a number from 6 to 9");
    EXPECT_EQ(
        error_of(node.get("users")->as_bool()),
        "config_invalid: f.toml:2: workload.payments.users: expected true or false, without quotes, found an integer");
    EXPECT_EQ(error_of(node.get("ttl")->as_duration()),
              "config_invalid: f.toml:3: workload.payments.ttl: expected a duration such as \"90s\", \"5m\", \"1h\" or "
              "\"2d\", found a number with a fraction");
    EXPECT_EQ(error_of(node.get("env")->as_strings()),
              "config_invalid: f.toml:4: workload.payments.env[1]: expected a string in quotes, found an integer");
    EXPECT_EQ(error_of(node.get("users")->as_table()),
              "config_invalid: f.toml:2: workload.payments.users: expected a table, found an integer");
    EXPECT_EQ(
        error_of(node.get("ttl")->as_strings()),
        "config_invalid: f.toml:3: workload.payments.ttl: expected an array of strings such as [\"a\", \"b\"], found "
        "a number with a fraction");
}

TEST(ConfigTree, RefusesAnUnknownKeyAndSaysWhichAreKnown) {
    const auto doc = parse("[a]\nuser = 1\nusres = 2\n");
    EXPECT_EQ(error_of(doc.root().get("a")->only({"user", "users"})),
              "config_invalid: f.toml:3: a.usres: unknown key; known here: user users");
    EXPECT_TRUE(doc.root().only({"a"}));
    EXPECT_EQ(error_of(doc.root().get("a")->get("user")->only({})),
              "config_invalid: f.toml:2: a.user: expected a table, found an integer");
}

struct DurationCase {
    const char* text;
    std::optional<Seconds> value;
};
class Durations : public testing::TestWithParam<DurationCase> {};
TEST_P(Durations, AreReadInFullOrRefused) {
    const auto doc = parse(std::string("d = ") + GetParam().text);
    const auto got = doc.root().get("d")->as_duration();
    EXPECT_EQ(got ? std::optional(*got) : std::nullopt, GetParam().value) << GetParam().text;
}
INSTANTIATE_TEST_SUITE_P(
    All, Durations,
    testing::Values(DurationCase{"\"90s\"", 90s}, DurationCase{"\"5m\"", 300s}, DurationCase{"\"1h\"", 3600s},
                    DurationCase{"\"2d\"", 172800s}, DurationCase{"45", 45s}, DurationCase{"0", 0s},
                    DurationCase{"\"5\"", {}}, DurationCase{"\"5 m\"", {}}, DurationCase{"\"m\"", {}},
                    DurationCase{"\"\"", {}}, DurationCase{"\"5ms\"", {}}, DurationCase{"\"-5s\"", {}},
                    DurationCase{"-1", {}}, DurationCase{"\"5mm\"", {}}, DurationCase{"\"3661d\"", {}},
                    DurationCase{"\"9223372036854775807d\"", {}}, DurationCase{"\"99999999999999999999s\"", {}}));

struct BadText {
    const char* text;
    const char* where;
};
class BadTexts : public testing::TestWithParam<BadText> {};
TEST_P(BadTexts, AreRefusedWithTheirLine) {
    const auto document = Document::parse(GetParam().text, "f.toml");
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().reason, Reason::config_invalid);
    EXPECT_TRUE(document.error().context.starts_with(GetParam().where)) << document.error().context;
}
INSTANTIATE_TEST_SUITE_P(All, BadTexts,
                         testing::Values(BadText{"a = 1\na = 2\n", "f.toml:2: "}, BadText{"\nx = \n", "f.toml:2: "},
                                         BadText{"[a]\n[a]\n", "f.toml:2: "}, BadText{"a = \"\xff\"\n", "f.toml:1: "},
                                         BadText{"a = [[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]", "f.toml:1: "}));

TEST(ConfigDocument, BoundsWhatItWillParse) {
    EXPECT_EQ(error_of(Document::parse(std::string((256 << 10) + 1, '#'), "f.toml")),
              "config_invalid: f.toml: longer than 256 KiB");
    std::string deep = "a";
    for (int i = 0; i < 129; ++i)
        deep += ".a";
    EXPECT_EQ(error_of(Document::parse("\n" + deep + " = 1", "f.toml")),
              "config_invalid: f.toml:2: more than 128 dots in a line: break it into several lines");
    deep.resize(deep.size() - 2);
    EXPECT_TRUE(Document::parse(deep + " = 1", "f.toml"));
}

TEST(ConfigDocument, AStringWithANulIsRefusedWhenRead) {
    const auto doc = parse("a = \"x\\u0000y\"\n");
    EXPECT_EQ(error_of(doc.root().get("a")->as_string()),
              "config_invalid: f.toml:1: a: a string may not hold a NUL character");
}

TEST(ConfigDocument, AMissingMainFileHasItsOwnReason) {
    const Folder folder;
    const auto document = Document::load(folder / "none.toml");
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().reason, Reason::config_missing);
}

TEST(ConfigDocument, DropInsOverrideValuesAndMergeTablesInNameOrder) {
    const Folder folder;
    const auto main = folder.write("d.toml", "a = 1\nlist = [\"x\", \"y\"]\n[t]\nk = \"main\"\nkeep = 1\n");
    folder.write("d.d/20-later.toml", "a = 3\n");
    folder.write("d.d/10-first.toml", "a = 2\nlist = [\"z\"]\n[t]\nk = \"drop-in\"\n[u]\nv = 1\n");
    folder.write("d.d/notes.txt", "not toml");
    folder.write("d.d/.hidden.toml", "not toml either");
    const auto doc = Document::load(main);
    ASSERT_TRUE(doc) << error_of(doc);
    const Node root = doc->root();
    EXPECT_EQ(root.get("a")->as_integer(0, 9).value(), 3);
    EXPECT_EQ(root.get("list")->as_strings().value(), std::vector<std::string>{"z"});
    EXPECT_EQ(root.get("t")->get("k")->as_string().value(), "drop-in");
    EXPECT_EQ(root.get("t")->get("keep")->as_integer(0, 9).value(), 1);
    EXPECT_TRUE(root.get("u")->get("v"));
    // An error in a merged value names the file it came from.
    EXPECT_EQ(error_of(root.get("a")->as_bool()),
              "config_invalid: " + (folder / "d.d/20-later.toml") +
                  ":1: a: expected true or false, without quotes, found an integer");
}

TEST(ConfigDocument, ADropInMayNotTurnATableIntoAValue) {
    const Folder folder;
    const auto main = folder.write("d.toml", "[t]\nk = 1\n");
    folder.write("d.d/x.toml", "\nt = 5\n");
    EXPECT_EQ(error_of(Document::load(main)), "config_invalid: " + (folder / "d.d/x.toml") +
                                                  ":2: t: a table here and a value at " + main +
                                                  ":1, or the reverse: one must go");
}

TEST(ConfigDocument, ABrokenDropInBreaksTheLoad) {
    const Folder folder;
    const auto main = folder.write("d.toml", "a = 1\n");
    const auto broken = folder.write("d.d/x.toml", "a = 1\n\nb b\n");
    const auto doc = Document::load(main);
    ASSERT_FALSE(doc);
    EXPECT_TRUE(doc.error().context.starts_with(broken + ":3: ")) << doc.error().context;
}

TEST(ConfigDocument, AFolderIsMergedAndAMissingOneIsEmpty) {
    const Folder folder;
    folder.write("w/b.toml", "[workload.b]\nx = 1\n");
    folder.write("w/a.toml", "[workload.a]\nx = 1\n");
    const auto doc = Document::load_folder(folder / "w");
    ASSERT_TRUE(doc);
    EXPECT_EQ(doc->root().get("workload")->as_table()->size(), 2U);
    EXPECT_EQ(doc->root().get("workload")->get("b")->position().file, folder / "w/b.toml");
    const auto none = Document::load_folder(folder / "none");
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->root().as_table()->empty());
}

TEST(ConfigDocument, RefusesAFileThatAnybodyMayWrite) {
    const Folder folder;
    const auto main = folder.write("d.toml", "a = 1\n");
    ASSERT_EQ(::chmod(main.c_str(), 0666), 0);
    EXPECT_EQ(error_of(Document::load(main)),
              "config_invalid: " + main + ": writable by everybody; run: chmod o-w " + main);
}

TEST(ConfigDocument, RefusesWhatIsNotAFileWithoutWaitingOnIt) {
    const Folder folder;
    const std::string fifo = folder / "d.toml";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_EQ(error_of(Document::load(fifo)), "config_invalid: " + fifo + ": not a regular file");
}

}  // namespace
}  // namespace ct::config
