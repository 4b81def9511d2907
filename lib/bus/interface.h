// SPDX-License-Identifier: Apache-2.0
// The rows of an interface as a daemon's service.cpp states them, and the call that a handler gets.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bus/access.h"
#include "bus/message.h"
#include "bus/options.h"

namespace ct::bus {

// A method call whose sender has passed the row's access rule. Copies share the one call, so it fits into a closure and
// may be answered later; the last copy to go without an answer sends `internal`, so that no caller ever hangs.
class Call {
public:
    struct State;
    explicit Call(std::shared_ptr<State> state) : state_(std::move(state)) {}

    [[nodiscard]] const Sender& sender() const;
    [[nodiscard]] std::string_view member() const;
    [[nodiscard]] bool allows_interaction() const;  // ALLOW_INTERACTIVE_AUTHORIZATION flag

    // Arguments, in order.
    template <Readable T>
    Result<T> read() {
        return message().read<T>();
    }
    Result<Options> read_options(std::initializer_list<KnownOption> known) { return Options::read(message(), known); }
    Message& message();

    // One answer; a second one is ignored. reply() that cannot be built answers with that error.
    template <class... T>
    void reply(const T&... values) {
        auto answer = new_reply();
        if (!answer) return fail(answer.error());
        if (auto status = answer->append_all(values...); !status) return fail(status.error());
        send(*answer);
    }
    void fail(const Error& error);
    // For replies with containers: build on new_reply(), then send().
    Result<Message> new_reply();
    void send(const Message& reply);
    [[nodiscard]] bool answered() const;

private:
    std::shared_ptr<State> state_;
};

struct Method {
    const char* name;
    const char* in = "";                     // signature
    std::vector<const char*> in_names = {};  // one per argument
    const char* out = "";
    std::vector<const char*> out_names = {};
    Access access = {};      // default: root only
    bool sensitive = false;  // the memory of call and reply is erased
};

enum class Emits { no, change, constant };  // EmitsChangedSignal: false, true, const

struct Property {
    const char* name = "";
    const char* signature = "";
    Emits emits = Emits::no;
};

struct SignalRow {
    const char* name = "";
    const char* signature = "";
    std::vector<const char*> names;
};

// A table of rows for one interface. Strings given as const char* are literals: they are not copied.
class Interface {
public:
    using Handler = std::function<void(Call)>;
    using Getter = std::function<Status(Message& reply)>;  // appends exactly one value of the signature
    using Setter = std::function<Status(Message& value)>;

    explicit Interface(std::string name);
    Interface(Interface&&) noexcept;
    Interface& operator=(Interface&&) noexcept;
    Interface(const Interface&) = delete;
    Interface& operator=(const Interface&) = delete;
    ~Interface();

    Interface& method(Method row, Handler handler);
    Interface& property(Property row, Getter getter);
    // Writable by root and the daemon's own user only (sd-bus's own privilege check).
    Interface& property(Property row, Getter getter, Setter setter);
    Interface& signal(SignalRow row);

    struct Table;
    [[nodiscard]] std::shared_ptr<Table> table() const { return table_; }

private:
    std::shared_ptr<Table> table_;
};

}  // namespace ct::bus
