/* SPDX-License-Identifier: MIT */
#pragma once

#include <curl/curl.h>
#include <glib.h>

/* Connections, and the requests under way on them: a curl multi handle inside the default
 * GLib main context. It lives as long as somebody holds a reference. */
typedef struct BrevPool BrevPool;

/* A request has ended. @easy is still in the pool. */
typedef void (*BrevPoolDone) (CURL *easy, CURLcode result, gpointer data);

/**
 * brev_pool_new:
 * @done: called from the main loop; may add and remove requests
 *
 * libcurl is to be initialised first.
 */
BrevPool *brev_pool_new (BrevPoolDone done, gpointer data);
BrevPool *brev_pool_ref (BrevPool *pool);
void brev_pool_unref (BrevPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BrevPool, brev_pool_unref)

/* @easy (transfer none) is to be removed before it is freed. */
void brev_pool_add (BrevPool *pool, CURL *easy);
void brev_pool_remove (BrevPool *pool, CURL *easy);
