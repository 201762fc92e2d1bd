/* SPDX-License-Identifier: Apache-2.0 */
/* As much of Wakaama as the example uses, so that it compiles without it: names and types only. */
#ifndef LIBLWM2M_H
#define LIBLWM2M_H

#include <stddef.h>
#include <stdint.h>

#define COAP_201_CREATED (uint8_t)0x41

typedef struct lwm2m_context lwm2m_context_t;

typedef struct lwm2m_list {
	struct lwm2m_list *next;
	uint16_t id;
} lwm2m_list_t;

typedef enum { LWM2M_TYPE_UNDEFINED, LWM2M_TYPE_OPAQUE } lwm2m_data_type_t;

typedef struct {
	lwm2m_data_type_t type;
	uint16_t id;
	union {
		struct {
			size_t length;
			uint8_t *buffer;
		} asBuffer;
	} value;
} lwm2m_data_t;

typedef struct lwm2m_object lwm2m_object_t;
typedef uint8_t (*lwm2m_create_callback_t)(lwm2m_context_t *context, uint16_t instance, int count,
	lwm2m_data_t *data, lwm2m_object_t *object);
typedef uint8_t (*lwm2m_delete_callback_t)(
	lwm2m_context_t *context, uint16_t instance, lwm2m_object_t *object);

struct lwm2m_object {
	uint16_t objID;
	lwm2m_list_t *instanceList;
	lwm2m_create_callback_t createFunc;
	lwm2m_delete_callback_t deleteFunc;
};

lwm2m_data_t *lwm2m_data_new(int size);
void lwm2m_data_free(int size, lwm2m_data_t *data);
void lwm2m_data_encode_opaque(const uint8_t *buffer, size_t length, lwm2m_data_t *data);

#endif
