// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "base/fd.h"
#include "clients/attest/commands.h"
#include "clients/attest/formats.h"
#include "clients/libclient/output.h"

namespace ct::attest_tool {

// One object for one file, an array for several.
Result<Told> show(const ShowOptions& options) {
    Told told;
    for (const auto& path : options.files) {
        CT_TRY(const auto text, path == "-" ? read_fd(STDIN_FILENO, kMostFile) : read_file(path, kMostFile));
        const Format format = recognise(as_bytes(text));
        auto fields = describe(as_bytes(text));
        if (!fields) return fail(fields.error().reason, path + ": " + fields.error().context);
        Fields all{{"file", path}, {"format", std::string(to_string(format))}};
        all.insert(all.end(), std::make_move_iterator(fields->begin()), std::make_move_iterator(fields->end()));
        if (options.json)
            told.out.append(told.out.empty() ? "" : ",").append(as_json(all));
        else
            told.out.append(told.out.empty() ? "" : "\n").append(as_lines(all));
    }
    if (options.json) told.out = (options.files.size() > 1 ? "[" + told.out + "]" : told.out) + "\n";
    return told;
}

}  // namespace ct::attest_tool
