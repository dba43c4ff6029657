/* SPDX-License-Identifier: MIT */

/* Preloaded into the courier: its parser dies over a part with the Content-ID "poison",
 * as a parser with a bug would. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef void *(*Construct) (void *parser, void *options);
typedef const char *(*GetContentId) (void *part);

void *g_mime_parser_construct_part (void *parser, void *options);

void *
g_mime_parser_construct_part (void *parser, void *options)
{
    Construct construct = (Construct) dlsym (RTLD_NEXT, "g_mime_parser_construct_part");
    GetContentId get =
        (GetContentId) dlsym (RTLD_DEFAULT, "g_mime_object_get_content_id");
    void *part = construct (parser, options);
    const char *id = part == NULL ? NULL : get (part);

    if (id != NULL && strstr (id, "poison") != NULL)
        abort ();
    return part;
}
